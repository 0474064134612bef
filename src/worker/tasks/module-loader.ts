import { isMainThread } from 'node:worker_threads';
import { clearTimeout, setTimeout } from '../../base/clock.js';
import { TaskNotFoundError } from '../../errors.js';
import { fileUrlOf } from './module-file.js';
import { importUrl, type Load, packageType, pathOf, requireUrl } from './node-modules.js';
import type { TaskExports } from './task-exports.js';
import { hasLoaderFlag, loadTypeScript } from './typescript-loader.js';

// Built-in modules are loaded when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;
const TYPESCRIPT = /^file:[^?#]*\.[cm]?tsx?([?#]|$)/;
const JAVASCRIPT = /^file:[^?#]*\.js$/;
const COMMON_JS = /^file:[^?#]*\.cjs$/;
/** Longest wait, inline, for the top level of a program that is its own task module to end. */
const PROGRAM_MS = 2_000;

/** Modules by URL. A repeated import() would cost a round trip to the hooks thread if a loader is registered. */
const loaded = new Map<string, Promise<TaskExports>>();

/** URL and name of each function that a loaded task module exports. */
const exported = new WeakMap<object, { readonly url: string; readonly name: string }>();
/** Modules whose functions are not in `exported` yet: to read all exports runs every getter among them, so it waits for need. */
const notNoted = new Map<string, TaskExports>();

/** Returns the URL and name of a function that a loaded task module exports. */
export function exportOf(fn: object): { readonly url: string; readonly name: string } | undefined {
  if (!exported.has(fn)) noteExports();
  return exported.get(fn);
}

function noteExports(): void {
  const modules = [...notNoted];
  notNoted.clear();
  for (const [url, exports] of modules)
    for (const [name, fn] of exports.functions()) if (!exported.has(fn)) exported.set(fn, { url, name });
}

/**
 * Imports a task module, once: the file of that URL, or its TypeScript source if only that is there. A TypeScript module that
 * Node.js cannot read by itself is read by ts-node or tsx, whichever is installed beside it.
 */
export function loadModule(url: string): Promise<TaskExports> {
  let exports = loaded.get(url);
  if (exports === undefined) {
    const file = fileUrlOf(url);
    exports = loaderOf(file)(file);
    exports.then(
      (found) => notNoted.set(url, found),
      () => {}, // the caller awaits it, too
    );
    loaded.set(url, exports);
  }
  return exports;
}

function loaderOf(url: string): Load {
  if (isMainThread && isProgram(url)) return importProgram;
  if (TYPESCRIPT.test(url)) return loadTypeScript;
  return !isMainThread && isCommonJs(url) && !hasLoaderFlag() ? requireUrl : importUrl;
}

/** Whether a JavaScript file is certainly CommonJS. If its package does not say, Node.js decides by its text. */
function isCommonJs(url: string): boolean {
  return COMMON_JS.test(url) || (JAVASCRIPT.test(url) && packageType(url) === 'commonjs');
}

/** Whether a module is the file that the program was started with. */
function isProgram(url: string): boolean {
  const [, file = ''] = process.argv;
  try {
    return file !== '' && pathOf(url) === getBuiltinModule('node:fs').realpathSync(file);
  } catch {
    return false; // no file URL, or no such file
  }
}

/**
 * Imports the program itself, for an inline pool. With a time limit: if its top level awaits one of its own tasks, it never
 * ends.
 */
async function importProgram(url: string): Promise<TaskExports> {
  const load = TYPESCRIPT.test(url) ? loadTypeScript : importUrl;
  return new Promise((resolve, reject) => {
    const tooLate = (): void =>
      reject(
        new TaskNotFoundError(
          `Cannot load task module ${url}: it is the program itself, whose top level has not come to its end within ${PROGRAM_MS} ms, perhaps as it awaits this task; put the tasks into a module of their own`,
        ),
      );
    const timer = setTimeout(tooLate, PROGRAM_MS);
    load(url)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
