// The build puts this in the place of shared-objects.ts in the entry of threads, so that a thread compiles that file when it
// first needs it. It is two fifths of a worker's code, and to run all of that took a thread 5 ms.
import { bare } from '../base/bare.js';

type SharedObjects = typeof import('../wire/message/shared-objects.js');
type Compiled = (exports: object, builtins: object, poolWorker: object) => void;

const { getBuiltinModule } = process;

/** The text of that file: inserted by the build behind all other code. */
declare const TEXT_OF_LATER: string;
/** What that file uses of the platform: inserted by the build, so that it is captured when the entry is loaded. */
declare const BUILTINS_OF_LATER: object;
/** What the entry exports, for that file. */
declare const exports: object;

/** Where its source map is looked for. */
const FILE = `${typeof __dirname === 'undefined' ? '.' : __dirname}/shared-objects.cjs`;
const builtins = BUILTINS_OF_LATER;
const entry = exports;
let loaded: SharedObjects | undefined;

// what that file needs, and Node.js 20 defines when it is first read: a task may have frozen the global object by then
for (const name of ['AbortController', 'AbortSignal']) Reflect.get(globalThis, name);

function load(): SharedObjects {
  loaded ??= compile() as SharedObjects;
  return loaded;
}

function compile(): object {
  const { compileFunction } = getBuiltinModule('node:vm');
  const run = compileFunction(
    TEXT_OF_LATER,
    ['exports', 'builtins', 'poolWorker'],
    bare({ filename: FILE }),
  ) as Compiled;
  const own = {};
  run(own, builtins, entry);
  return own;
}

export const revive: SharedObjects['revive'] = (handle, peer) => load().revive(handle, peer);
export const tokenOf: SharedObjects['tokenOf'] = (flag) => load().tokenOf(flag);
export const checkToken: SharedObjects['checkToken'] = (value, action) => load().checkToken(value, action);
