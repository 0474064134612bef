// Stands for shared-objects.ts where that is a file of its own: a thread reads it when it first needs it. The build puts it
// in. It is two fifths of what a worker may need, and to read all of it took a thread 5 ms.

type SharedObjects = typeof import('../wire/message/shared-objects.js');

/** Made by the build, beside the entry, which is CommonJS. */
const FILE = './shared-objects.cjs';
let loaded: SharedObjects | undefined;

function load(): SharedObjects {
  loaded ??= require(FILE) as SharedObjects;
  return loaded;
}

export const arrive: SharedObjects['arrive'] = (handle, peer) => load().arrive(handle, peer);
export const tokenOf: SharedObjects['tokenOf'] = (flag) => load().tokenOf(flag);
