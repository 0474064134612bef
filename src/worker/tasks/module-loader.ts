import { isMainThread } from 'node:worker_threads';
import { clearTimeout, setTimeout } from '../../base/clock.js';
import { TaskNotFoundError } from '../../errors.js';
import { importUrl, type Load, packageType, pathOf, requireUrl } from './node-modules.js';
import type { TaskExports } from './task-exports.js';
import { hasLoaderFlag, loadTypeScript } from './typescript-loader.js';

// Builtins asked for when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;
const TYPESCRIPT = /^file:[^?#]*\.[cm]?tsx?([?#]|$)/;
const JAVASCRIPT = /^file:[^?#]*\.js$/;
const COMMON_JS = /^file:[^?#]*\.cjs$/;
/** So long the top level of a program may take from when a task of it is first wanted, where it runs inline. */
const PROGRAM_MS = 2_000;

/** A repeated import() costs a round trip to the hooks thread where a loader is registered. */
const loaded = new Map<string, Promise<TaskExports>>();

/** Where the functions come from that loaded task modules export. */
const exported = new WeakMap<object, { readonly url: string; readonly name: string }>();
/** Modules whose functions are not in there yet: to look at all exports would run every getter among them. */
const notNoted = new Map<string, TaskExports>();

/** The module and name by which a function can be named that a loaded task module exports. */
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
 * Imports a task module, once. A TypeScript module that Node cannot read by itself is read by ts-node or tsx, whichever is
 * installed beside it.
 */
export function loadModule(url: string): Promise<TaskExports> {
  let exports = loaded.get(url);
  if (exports === undefined) {
    exports = loaderOf(url)(url);
    exports.then(
      (found) => notNoted.set(url, found),
      () => {}, // who asked for it is told
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

/** Whether a JavaScript file is sure to be CommonJS. Where its package does not say, Node looks into its text. */
function isCommonJs(url: string): boolean {
  return COMMON_JS.test(url) || (JAVASCRIPT.test(url) && packageType(url) === 'commonjs');
}

/** Whether it is the file that the program began with. */
function isProgram(url: string): boolean {
  const [, file = ''] = process.argv;
  try {
    return file !== '' && pathOf(url) === getBuiltinModule('node:fs').realpathSync(file);
  } catch {
    return false; // no file's address, or none of that name
  }
}

/** For a pool that runs inline: where the module awaits its own task, the import of it, and the program, would never end. */
async function importProgram(url: string): Promise<TaskExports> {
  const load = TYPESCRIPT.test(url) ? loadTypeScript : importUrl;
  return new Promise((resolve, reject) => {
    const tooLate = (): void =>
      reject(
        new TaskNotFoundError(
          `Cannot load task module ${url}: it is the program itself, whose top level has not come to its end within ${PROGRAM_MS} ms, such as where it awaits this task; put the tasks into a module of their own`,
        ),
      );
    const timer = setTimeout(tooLate, PROGRAM_MS);
    load(url)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
