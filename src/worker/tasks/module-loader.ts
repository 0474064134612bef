import { isMainThread } from 'node:worker_threads';
import { clearTimeout, setTimeout } from '../../base/clock.js';
import { messageOf, TaskNotFoundError } from '../../errors.js';
import { TaskExports } from './task-exports.js';

type Load = (url: string) => Promise<TaskExports>;

// Builtins asked for when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;
const requireFrom = (url: string): NodeJS.Require => getBuiltinModule('node:module').createRequire(url);
/** The entry's own, where it is CommonJS. */
const requireFile: (path: string) => unknown =
  typeof require === 'function' ? require : (path) => requireFrom(path)(path);
const pathOf = (url: string | URL): string => getBuiltinModule('node:url').fileURLToPath(url);

const TS_NODE = Symbol.for('ts-node.register.instance');
const TYPESCRIPT = /^file:[^?#]*\.[cm]?tsx?([?#]|$)/;
const JAVASCRIPT = /^file:[^?#]*\.js$/;
const COMMON_JS = /^file:[^?#]*\.cjs$/;
/** TypeScript 6 makes these configuration errors: rootDir unset, deprecated options. */
const IGNORED_DIAGNOSTICS = [5011, 5101, 5107];

/** So long the top level of a program may take from when a task of it is first wanted, where it runs inline. */
const PROGRAM_MS = 2_000;

/** What importing a `.ts` file fails with where the loader at hand cannot take it. */
const NEEDS_LOADER = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION', // no loader (Node < 22.18)
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', // native type stripping: enum, namespace, parameter property
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_MODULE_NOT_FOUND', // native type stripping: './x.js' or './x' that is x.ts
  'MODULE_NOT_FOUND',
]);

/** What import() fails with where there is none. */
const CANNOT_IMPORT = new Set([
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING',
  'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG',
]);

/** The loader found for ES module tasks and for CommonJS ones. */
const fallbacks = new Map<'esm' | 'commonjs', Load>();
/** Node keeps a failed import: such a file is asked for again under another name. */
const renamed = new Map<string, string>();
/** A repeated import() costs a round trip to the hooks thread where a loader is registered. */
const loaded = new Map<string, Promise<TaskExports>>();

let isTsNodeInMain = false;

/** Tells the loader how the main thread itself reads TypeScript, where the worker cannot see it. */
export function setTsNodeInMain(isRegistered: boolean): void {
  isTsNodeInMain = isRegistered;
}

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

async function importUrl(url: string): Promise<TaskExports> {
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
async function requireUrl(url: string): Promise<TaskExports> {
  return TaskExports.ofCommonJs(requireFile(pathOf(url)));
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

async function loadTypeScript(url: string): Promise<TaskExports> {
  if (isMainThread) return importInMain(url); // of a pool that runs inline
  const scope = isEsmScope(url) ? 'esm' : 'commonjs';
  const fallback = fallbacks.get(scope) ?? (await knownFallback(url, scope));
  if (fallback !== undefined) return fallback(renamed.get(url) ?? url);
  try {
    return await importUrl(url);
  } catch (error) {
    if (!NEEDS_LOADER.has(codeOf(error)) && !(error instanceof SyntaxError)) throw error;
    const found = await findFallback(url, scope);
    if (found === undefined) throw noLoader(url, error);
    const again = `${url}${url.includes('?') ? '&' : '?'}thread-system-retry`;
    renamed.set(url, again);
    return found(again);
  }
}

/** The program has the loader that it needs, or none: a thread's loaders would be its own, too. */
async function importInMain(url: string): Promise<TaskExports> {
  try {
    // ts-node's hook is one of require(): import() of a CommonJS file would not find it
    return await (TS_NODE in process && !isEsmScope(url) ? requireUrl(url) : importUrl(url));
  } catch (error) {
    throw NEEDS_LOADER.has(codeOf(error)) ? noLoader(url, error) : error;
  }
}

/** The loader to take without trying Node's own first: where that is sure to fail, as Node keeps a failed import. */
async function knownFallback(url: string, scope: 'esm' | 'commonjs'): Promise<Load | undefined> {
  // ts-node registered in the main thread only, or its ES module loader, which cannot take CommonJS files
  if (scope === 'commonjs' && (isTsNodeInMain || flags.includes('ts-node/esm'))) {
    const load = viaTsNodeRequire(url);
    fallbacks.set(scope, load);
    return load;
  }
  return hasLoader() ? undefined : findFallback(url, scope);
}

const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');

function hasLoader(): boolean {
  return ('typescript' in process.features && Boolean(process.features.typescript)) || hasLoaderFlag();
}

function hasLoaderFlag(): boolean {
  const others = flags.replace(/\S*\btsx\b\S*/g, ''); // --import tsx does nothing in a worker of Node 20
  return /(^|\s)(--import|--loader|--experimental-loader|--require|-r)\b[ =]\S/.test(others);
}

/** A loader of the task's own project: ts-node, else tsx. */
async function findFallback(url: string, scope: 'esm' | 'commonjs'): Promise<Load | undefined> {
  const load = (await viaTsNode(url, scope)) ?? (await viaTsx(url, scope));
  if (load !== undefined) fallbacks.set(scope, load);
  return load;
}

async function viaTsNode(url: string, scope: 'esm' | 'commonjs'): Promise<Load | undefined> {
  if (resolveFrom(url, 'ts-node') === undefined) return undefined;
  if (scope === 'commonjs') return viaTsNodeRequire(url);
  process.env['TS_NODE_IGNORE_DIAGNOSTICS'] ??= IGNORED_DIAGNOSTICS.join(',');
  process.env['TS_NODE_CWD'] ??= pathOf(new URL('.', url)); // its hooks thread finds tsconfig.json by this
  getBuiltinModule('node:module').register('ts-node/esm/transpile-only', url);
  return importUrl;
}

function viaTsNodeRequire(url: string): Load {
  const tsNode = requireFrom(url)('ts-node') as { register: (options: object) => void };
  if (!(TS_NODE in process)) {
    const projectSearchDir = pathOf(new URL('.', url));
    tsNode.register({ transpileOnly: true, projectSearchDir, ignoreDiagnostics: IGNORED_DIAGNOSTICS });
  }
  return requireUrl;
}

async function viaTsx(url: string, scope: 'esm' | 'commonjs'): Promise<Load | undefined> {
  const tsx = resolveFrom(url, 'tsx/package.json');
  if (tsx === undefined) return undefined;
  // by its file: require.resolve() would take the 'require' condition, whose file cannot register ES module hooks here
  const kind = scope === 'esm' ? 'esm' : 'cjs';
  const file = new URL(`./dist/${kind}/api/index.mjs`, getBuiltinModule('node:url').pathToFileURL(tsx)).href;
  const api = (await import(/* webpackIgnore: true */ /* @vite-ignore */ file)) as { readonly register: () => void };
  api.register();
  return scope === 'esm' ? importUrl : requireUrl;
}

function resolveFrom(url: string, name: string): string | undefined {
  try {
    return requireFrom(url).resolve(name);
  } catch {
    return undefined;
  }
}

/** Whether a TypeScript file is an ES module. */
function isEsmScope(url: string): boolean {
  const { pathname } = new URL(url);
  if (/\.mtsx?$/.test(pathname)) return true;
  if (/\.ctsx?$/.test(pathname)) return false;
  return packageType(url) === 'module';
}

/** The `type` that the nearest package.json gives. */
function packageType(url: string): string | undefined {
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

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function noLoader(url: string, cause: unknown): TaskNotFoundError {
  return new TaskNotFoundError(
    `Cannot load TypeScript task module ${url}: ${messageOf(cause)}; install ts-node or tsx beside it, or use Node >= 22.18 with erasable syntax only, or name the compiled .js file`,
    { cause },
  );
}
