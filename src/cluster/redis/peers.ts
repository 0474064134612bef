import { createRequire } from 'node:module';
import { wrongType } from '../../base/check/argument-errors.js';

/** The packages that the cluster is built on. They are optional peers of this one. */
export interface Peers {
  readonly bullmq: typeof import('bullmq');
  readonly ioredis: typeof import('ioredis');
}

let loaded: Peers | undefined;

/**
 * Loads the peers when the first pool or host is made.
 *
 * @throws {TypeError} that says what to install.
 */
export function loadPeers(action: string): Peers {
  loaded ??= requirePeers(action);
  return loaded;
}

function requirePeers(action: string): Peers {
  const require = createRequire(import.meta.url);
  try {
    for (const name of ['bullmq', 'ioredis']) require.resolve(name);
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'MODULE_NOT_FOUND') throw error;
    throw wrongType(action, 'thread-system/cluster needs two packages: npm install bullmq ioredis');
  }
  return { bullmq: require('bullmq'), ioredis: require('ioredis') };
}
