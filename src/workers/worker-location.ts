import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WORKER_SOURCE } from './worker-source.js';

let location: URL | undefined;

/**
 * The worker's entry: the file beside this one where it is there, else its embedded text as a `data:` URL, for bundles that
 * left the file behind.
 */
export function workerLocation(): URL {
  location ??= fileLocation() ?? new URL(`data:text/javascript,${encodeURIComponent(WORKER_SOURCE)}`);
  return location;
}

function fileLocation(): URL | undefined {
  try {
    const url = new URL('./pool-worker.mjs', import.meta.url);
    return url.protocol === 'file:' && existsSync(fileURLToPath(url)) ? url : undefined;
  } catch {
    return undefined; // import.meta.url is undefined in some CommonJS bundles
  }
}
