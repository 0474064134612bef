import { isMainThread } from 'node:worker_threads';
import { messageOf, TaskNotFoundError } from '../../errors.js';
import {
  codeOf,
  importUrl,
  type Load,
  packageType,
  pathOf,
  requireFrom,
  requireUrl,
  resolveFrom,
} from './node-modules.js';
import type { TaskExports } from './task-exports.js';

// Built-in modules are loaded when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;

const TS_NODE = Symbol.for('ts-node.register.instance');

/**
 * Diagnostics of the configuration that are errors since TypeScript 6, rootDir unset and deprecated options, and one that ts-node's
 * own defaults cause if there is no tsconfig.json.
 */
const IGNORED_DIAGNOSTICS = [5011, 5101, 5107, 5109];

/** Codes with which the import of a `.ts` file fails if the current loader cannot read it. */
const NEEDS_LOADER = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION', // no loader (Node < 22.18)
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', // native type stripping: enum, namespace, parameter property
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_MODULE_NOT_FOUND', // native type stripping: './x.js' or './x' for x.ts
  'MODULE_NOT_FOUND',
]);

/** The loader found for ES module tasks and for CommonJS ones. */
const fallbacks = new Map<'esm' | 'commonjs', Load>();

/** URLs under which files are imported again, where Node.js has cached a failed import. */
const renamed = new Map<string, string>();

/** How tsx is named in the flags of Node.js: `--import tsx`, or by the files of a tsx that may be installed elsewhere (npx). */
const TSX_FLAG = /(^|[\s=])(?:tsx\b|(file:\S*\/tsx\/)dist\/)/;

let isTsNodeInMain = false;

/** Sets whether ts-node is registered in the main thread, which the worker cannot see. */
export function setTsNodeInMain(isRegistered: boolean): void {
  isTsNodeInMain = isRegistered;
}

export async function loadTypeScript(url: string): Promise<TaskExports> {
  if (isMainThread) return importInMain(url); // inline
  const scope = isEsmScope(url) ? 'esm' : 'commonjs';
  if (!stripsTypes() || hasLoaderFlag()) showSourceLines();
  const fallback = fallbacks.get(scope) ?? (await knownFallback(url, scope));
  if (fallback !== undefined) return fallback(renamed.get(url) ?? url);
  try {
    return await importUrl(url);
  } catch (error) {
    if (!NEEDS_LOADER.has(codeOf(error)) && !(error instanceof SyntaxError)) throw error;
    const found = await findFallback(url, scope);
    if (found === undefined) throw noLoader(url, error);
    showSourceLines();
    return importAgain(url, found, error);
  }
}

/** Imports a module whose import has failed. Some versions of Node.js repeat the failure, unless it has another URL. */
async function importAgain(url: string, load: Load, failure: unknown): Promise<TaskExports> {
  try {
    return await load(url);
  } catch (error) {
    if (codeOf(error) !== codeOf(failure)) throw error;
    const again = `${url}${url.includes('?') ? '&' : '?'}thread-system-retry`;
    renamed.set(url, again);
    return load(again);
  }
}

/**
 * Has stacks show lines of the sources: a loader that runs on a thread of its own, such as ts-node's, compiles here, but has no
 * way to do that. Node's own type stripping needs no maps, as it leaves everything where it is.
 */
function showSourceLines(): void {
  if (typeof process.setSourceMapsEnabled === 'function') process.setSourceMapsEnabled(true);
}

/** Registers no loader, as it would be the program's, too. */
async function importInMain(url: string): Promise<TaskExports> {
  try {
    // ts-node's hook is for require(), which import() of a CommonJS file does not use
    return await (TS_NODE in process && !isEsmScope(url) ? requireUrl(url) : importUrl(url));
  } catch (error) {
    throw NEEDS_LOADER.has(codeOf(error)) ? noLoader(url, error) : error;
  }
}

/** Returns a loader to use without trying Node's own first, if that would fail: Node.js caches a failed import. */
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
  return stripsTypes() || hasLoaderFlag();
}

function stripsTypes(): boolean {
  return 'typescript' in process.features && Boolean(process.features.typescript);
}

export function hasLoaderFlag(): boolean {
  const others = flags.replace(/\S*\btsx\b\S*/g, ''); // --import tsx does nothing in a worker of Node 20
  return /(^|\s)(--import|--loader|--experimental-loader|--require|-r)\b[ =]\S/.test(others);
}

/** Returns the loader that the program is run by, or one of the task's own project: ts-node, else tsx. */
async function findFallback(url: string, scope: 'esm' | 'commonjs'): Promise<Load | undefined> {
  const isTsxFirst = TSX_FLAG.test(flags);
  const load =
    (isTsxFirst ? await viaTsx(url, scope) : undefined) ??
    (await viaTsNode(url, scope)) ??
    (isTsxFirst ? undefined : await viaTsx(url, scope));
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
  const manifest = resolveFrom(url, 'tsx/package.json');
  const [, , started] = TSX_FLAG.exec(flags) ?? [];
  const root = manifest === undefined ? started : getBuiltinModule('node:url').pathToFileURL(manifest).href;
  if (root === undefined) return undefined;
  // by its file: require.resolve() uses the 'require' condition, whose file cannot register ES module hooks here
  const kind = scope === 'esm' ? 'esm' : 'cjs';
  const file = new URL(`./dist/${kind}/api/index.mjs`, root).href;
  const api = (await import(/* webpackIgnore: true */ /* @vite-ignore */ file)) as { readonly register: () => void };
  api.register();
  return scope === 'esm' ? importUrl : requireUrl;
}

/** Whether a TypeScript file is an ES module. */
function isEsmScope(url: string): boolean {
  const { pathname } = new URL(url);
  if (/\.mtsx?$/.test(pathname)) return true;
  if (/\.ctsx?$/.test(pathname)) return false;
  return packageType(url) === 'module';
}

function noLoader(url: string, cause: unknown): TaskNotFoundError {
  return new TaskNotFoundError(
    `Cannot load TypeScript task module ${url}: ${messageOf(cause)}; install ts-node or tsx beside it, or use Node >= 22.18 with erasable syntax only, or name the compiled .js file`,
    { cause },
  );
}
