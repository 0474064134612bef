import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WORKER_SOURCE } from './worker-source.js';

let location: URL | undefined;

/**
 * The worker's entry: the file beside this one where it is there, else its embedded text as a `data:` URL, for bundles that
 * left the file behind.
 *
 * @throws {Error} when there is neither.
 */
export function workerLocation(): URL {
  location ??= fileLocation() ?? embeddedLocation();
  return location;
}

function embeddedLocation(): URL {
  if (WORKER_SOURCE === '')
    throw new Error('The library is not built: its pool-worker.mjs is missing, and no copy of it is embedded');
  return new URL(`data:text/javascript,${encodeURIComponent(WORKER_SOURCE)}`);
}

function fileLocation(): URL | undefined {
  try {
    const url = new URL('./pool-worker.mjs', import.meta.url);
    return url.protocol === 'file:' && existsSync(fileURLToPath(url)) ? url : undefined;
  } catch {
    return undefined; // import.meta.url is undefined in some CommonJS bundles
  }
}
