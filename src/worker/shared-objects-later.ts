// The build puts this in the place of shared-objects.ts in the entry of threads, so that a thread loads that file when it first
// needs it. It is two fifths of a worker's code, and to load all of that took a thread 5 ms.

type SharedObjects = typeof import('../wire/message/shared-objects.js');

/** The file that the build makes beside the entry, which is CommonJS. */
const FILE = './shared-objects.cjs';
let loaded: SharedObjects | undefined;

// what that file needs, and Node.js 20 defines when it is first read: a task may have frozen the global object by then
for (const name of ['AbortController', 'AbortSignal']) Reflect.get(globalThis, name);

function load(): SharedObjects {
  loaded ??= require(FILE) as SharedObjects;
  return loaded;
}

export const revive: SharedObjects['revive'] = (handle, peer) => load().revive(handle, peer);
export const tokenOf: SharedObjects['tokenOf'] = (flag) => load().tokenOf(flag);
export const checkToken: SharedObjects['checkToken'] = (value, action) => load().checkToken(value, action);
