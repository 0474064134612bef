/** Version of the package, as in `package.json`. */
export const VERSION = '0.1.0';

/**
 * Kind of the first message to the entry of a thread, which is of the same version, or refuses it. Written out, so that the
 * file of an entry is recognised by its text.
 */
export const GREETING = 'thread-system-init@0.1.0';

// Keys of the registered symbols by which several copies of the library in one thread find each other. No other symbol
// is registered.

/**
 * Returns the key of a symbol that only copies of this version share: its ES module, its CommonJS module, the bundle of
 * its worker. For whatever the next version may change.
 */
export function ofThisVersion(name: string): string {
  return `thread-system@${VERSION}.${name}`;
}

/** Returns the key of a symbol that the copies of all versions share. The shape of what it stands for never changes. */
export function ofAllVersions(name: string): string {
  return `thread-system.${name}`;
}
