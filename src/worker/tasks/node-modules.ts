import { TaskExports } from './task-exports.js';

// Asked for when needed, not imported: few threads need builtins, and all would start 1 ms later.
const { getBuiltinModule } = process;

export type Load = (url: string) => Promise<TaskExports>;

export const requireFrom = (url: string): NodeJS.Require => getBuiltinModule('node:module').createRequire(url);

/** The entry's own, where it is CommonJS. */
const requireFile: (path: string) => unknown =
  typeof require === 'function' ? require : (path) => requireFrom(path)(path);

export const pathOf = (url: string | URL): string => getBuiltinModule('node:url').fileURLToPath(url);

/** What import() fails with where there is none. */
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

/** Inline, in a test runner whose realm has no import(), such as Jest without its ESM mode: it has a require() of its own. */
async function requireWhereNoImport(url: string): Promise<TaskExports> {
  try {
    return await requireUrl(url);
  } catch (error) {
    if (codeOf(error) !== 'ERR_REQUIRE_ESM' && Reflect.get(Object(error), 'name') !== 'SyntaxError') throw error;
    // an ES module, which that require() cannot read, but Node's own can: a runner replaces `createRequire`, and not this
    const load = Reflect.get(getBuiltinModule('node:module'), '_load') as ((path: string) => object) | undefined;
    if (typeof load !== 'function') throw error;
    return TaskExports.ofModule(load(pathOf(url)));
  }
}

/**
 * Loads a CommonJS module without import(), as to load Node's loader of ES modules takes a thread 8 ms. Not an ES module,
 * which require() can load, too: Node 20 aborts the process where it ends a thread that is doing so.
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

/** The `type` that the nearest package.json gives. */
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
