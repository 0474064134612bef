import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WORKER_SOURCE } from './worker-source.js';

// Both entries lie beside the file into which this one is bundled. Bundlers look for these very expressions.
const workerFile = (): URL => new URL('./pool-worker.mjs', import.meta.url);
const processFile = (): URL => new URL('./pool-process.mjs', import.meta.url);

/** The same entry for a thread that does not have to be one file. Beside that one, so that bundlers do not see it. */
const threadFile = (): URL => new URL('pool-worker.cjs', workerFile());

let location: URL | undefined;
let threadLocation: URL | undefined;

/**
 * The worker's entry, as a module: the file where it is there, else its embedded text as a `data:` URL, for bundles that
 * left the file behind.
 *
 * @throws {Error} when there is neither.
 */
function workerLocation(): URL {
  location ??= ifThere(workerFile) ?? embeddedLocation();
  return location;
}

/**
 * The entry of every worker thread: the one that is read fastest, where it is there.
 *
 * @throws {Error} when there is none.
 */
export function workerThreadLocation(): URL {
  threadLocation ??= ifThere(threadFile) ?? workerLocation();
  return threadLocation;
}

/**
 * The entry of every child process.
 *
 * @throws {Error} when the file is not there: a process cannot begin with an embedded text.
 */
export function processLocation(): URL {
  const url = ifThere(processFile);
  if (url !== undefined) return url;
  throw new Error(
    `kind 'process' needs the library's file pool-process.mjs${besideThis()}, and it is not there: keep thread-system out of the bundle (as an external package), or copy node_modules/thread-system/dist/pool-process.mjs to that place`,
  );
}

/** Where the entry of a child process is looked for, as far as this file knows where it is. */
function besideThis(): string {
  try {
    return ` at ${fileURLToPath(processFile())}`;
  } catch {
    return ' beside the program'; // import.meta.url is undefined in some CommonJS bundles, or no file's
  }
}

function embeddedLocation(): URL {
  if (WORKER_SOURCE === '')
    throw new Error('The library is not built: its pool-worker.mjs is missing, and no copy of it is embedded');
  return new URL(`data:text/javascript,${encodeURIComponent(WORKER_SOURCE)}`);
}

function ifThere(file: () => URL): URL | undefined {
  try {
    const url = file();
    return url.protocol === 'file:' && existsSync(fileURLToPath(url)) ? url : undefined;
  } catch {
    return undefined; // import.meta.url is undefined in some CommonJS bundles
  }
}
