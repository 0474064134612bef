import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GREETING, VERSION } from '../base/version.js';
import { WORKER_SOURCE } from './worker-source.js';

const { getBuiltinModule } = process;

// Both entries lie beside the file into which this one is bundled. Bundlers recognize exactly these expressions.
const workerFile = (): URL => new URL('./pool-worker.cjs', import.meta.url);
const processFile = (): URL => new URL('./pool-process.mjs', import.meta.url);

let location: URL | undefined;

/**
 * Returns the entry of every worker thread: the file if it is there, otherwise its embedded text as a `data:` URL, for bundles
 * without the file.
 *
 * @throws {Error} if there is neither.
 */
export function workerThreadLocation(): URL {
  location ??= ifOurs(workerFile) ?? embeddedLocation();
  return location;
}

/** Likewise, as the constructor of a thread takes it: a path if it can be one, as Node.js takes a URL that inherits `path` for none. */
export function workerThreadEntry(): string | URL {
  const url = workerThreadLocation();
  return url.protocol === 'file:' ? pathOf(url) : url;
}

/**
 * Returns the path of the entry of every child process.
 *
 * @throws {Error} if the file does not exist: a process cannot start from embedded text.
 */
export function processEntry(): string {
  const url = ifOurs(processFile);
  if (url !== undefined) return pathOf(url);
  const found =
    textOf(processFile) === undefined ? 'it is not there' : `what is there is not that of version ${VERSION}`;
  throw new Error(
    `kind 'process' needs the library's file pool-process.mjs${besideThis()}, and ${found}: keep thread-system out of the bundle (as an external package), or copy node_modules/thread-system/dist/pool-process.mjs to that place`,
  );
}

/** Returns the part of a message that says where the entry of a child process is expected, if this module's own location is known. */
function besideThis(): string {
  try {
    return ` at ${pathOf(processFile())}`;
  } catch {
    return ' beside the program'; // import.meta.url is undefined in some CommonJS bundles, or not a file's
  }
}

function embeddedLocation(): URL {
  if (WORKER_SOURCE === '')
    throw new Error('The library is not built: its pool-worker.cjs is missing, and no copy of it is embedded');
  const text = getBuiltinModule('node:zlib').brotliDecompressSync(Buffer.from(WORKER_SOURCE, 'base64')).toString();
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

/** Returns the URL of an entry if the file is of this version: any other file of that name beside a bundle would never reply. */
function ifOurs(file: () => URL): URL | undefined {
  return textOf(file)?.includes(GREETING) ? file() : undefined;
}

/** The path of a file's URL, by its text: a URL object that inherits `auth` or `path` counts as none. */
function pathOf(url: URL): string {
  return fileURLToPath(url.href);
}

function textOf(file: () => URL): string | undefined {
  try {
    return readFileSync(pathOf(file()), 'latin1');
  } catch {
    return undefined; // not there, or import.meta.url is undefined, as in some CommonJS bundles, or not a file's
  }
}
