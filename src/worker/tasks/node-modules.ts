import { TaskExports } from './task-exports.js';

// Built-in modules are loaded when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;

export type Load = (url: string) => Promise<TaskExports>;

export const requireFrom = (url: string): NodeJS.Require => getBuiltinModule('node:module').createRequire(url);

/** The entry's own `require` if the entry is CommonJS. */
const requireFile: (path: string) => unknown =
  typeof require === 'function' ? require : (path) => requireFrom(path)(path);

export const pathOf = (url: string | URL): string => getBuiltinModule('node:url').fileURLToPath(url);

/** Codes with which import() fails in a realm that has none. */
const CANNOT_IMPORT = new Set([
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING',
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG',
]);

export async function importUrl(url: string): Promise<TaskExports> {
  let module: object;
  try {
    module = (await import(/* webpackIgnore: true */ /* @vite-ignore */ url)) as object;
  } catch (error) {
    if (!CANNOT_IMPORT.has(codeOf(error))) throw error;
    return requireWhereNoImport(url);
  }
  return TaskExports.ofModule(module);
}

/** For a test runner's realm without import(), such as Jest without its ESM mode: that has a require() of its own. */
async function requireWhereNoImport(url: string): Promise<TaskExports> {
  try {
    return await requireUrl(url);
  } catch (error) {
    if (codeOf(error) !== 'ERR_REQUIRE_ESM' && Reflect.get(Object(error), 'name') !== 'SyntaxError') throw error;
    // an ES module, which the runner's require() cannot load; `_load` is Node's own, which runners do not replace
    const load = Reflect.get(getBuiltinModule('node:module'), '_load') as ((path: string) => object) | undefined;
    if (typeof load !== 'function') throw error;
    return TaskExports.ofModule(load(pathOf(url)));
  }
}

/**
 * Loads a CommonJS module without import(), as Node's loader of ES modules takes a thread 8 ms to load. Not for ES modules, although
 * require() can load them: Node.js 20 aborts the process if a thread is terminated meanwhile.
 */
export async function requireUrl(url: string): Promise<TaskExports> {
  return TaskExports.ofCommonJs(requireFile(pathOf(url)));
}

export function resolveFrom(url: string, name: string): string | undefined {
  try {
    return requireFrom(url).resolve(name);
  } catch {
    return undefined;
  }
}

/** Returns the `type` in the nearest package.json. */
export function packageType(url: string): string | undefined {
  for (let folder = new URL('.', url); ; folder = new URL('..', folder)) {
    try {
      const text = getBuiltinModule('node:fs').readFileSync(new URL('package.json', folder), 'utf8');
      const { type } = JSON.parse(text) as { type?: string };
      return type;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
    }
    if (folder.pathname === '/' || /^\/[A-Za-z]:\/$/.test(folder.pathname)) return undefined;
  }
}

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
