import type { ShutdownMode } from './options/shutdown-options.js';

/**
 * How far a pool's shutdown has come: it only moves forward (I5). Written by `Shutdown` only; others get it `Readonly`.
 */
export class PoolState {
  /** Whether `shutdown` was called. */
  hasBegun = false;
  /** The strictest mode asked for so far; undefined while the pool is open. */
  mode: ShutdownMode | undefined;

  /** Whether jobs that have not begun, or are to be retried, still run. */
  get runsPending(): boolean {
    return this.mode === undefined || this.mode === 'drain';
  }
}
