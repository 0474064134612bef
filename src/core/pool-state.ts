import { PoolClosedError } from '../errors.js';
import { SHUTDOWN_MODES, type ShutdownMode } from './options/shutdown-options.js';

/** How far a pool's life has come. Between `open` and `closed`, the strictest mode of shutdown asked for so far. */
export type PoolPhase = 'open' | ShutdownMode | 'closed';

/** A pool's state, as users see it. */
export type PoolStatus = 'open' | 'paused' | 'draining' | 'closed';

/** All phases: a pool moves only rightwards (I5), and may skip some. */
const PHASES: readonly PoolPhase[] = ['open', ...SHUTDOWN_MODES, 'closed'];

/** What all parts but `Shutdown` see of the state. */
export type ReadonlyPoolState = Readonly<Pick<PoolState, 'phase' | 'runsPending'>>;

/**
 * A pool's state. Written by `Shutdown` only.
 *
 * | transition | from | to |
 * |---|---|---|
 * | `shutDown` | open, or a milder mode | the mode |
 * | `close` | any mode | closed |
 */
export class PoolState {
  /** Changed by the transitions only. A plain field, as it is read for every job. */
  phase: PoolPhase = 'open';
  readonly #onceShutDown: (() => void)[] = [];

  /** Whether jobs that have not begun, or are to be retried, still run. */
  get runsPending(): boolean {
    return this.phase === 'open' || this.phase === 'drain';
  }

  /** `shutdown` was called. Has no effect if the mode is not stricter, or the pool is closed. */
  shutDown(mode: ShutdownMode): 'begun' | 'escalated' | 'unchanged' {
    const { phase } = this;
    if (PHASES.indexOf(mode) <= PHASES.indexOf(phase)) return 'unchanged';
    this.phase = mode;
    for (const fn of this.#onceShutDown.splice(0)) fn();
    return phase === 'open' ? 'begun' : 'escalated';
  }

  /** Calls `fn` as soon as the pool takes no more jobs. For code that uses a pool which others may shut down. */
  onceShutDown(fn: () => void): void {
    this.#onceShutDown.push(fn);
  }

  /** All jobs have settled, and all threads have exited. */
  close(): 'closed' | 'unchanged' {
    if (this.phase === 'open' || this.phase === 'closed') return 'unchanged';
    this.phase = 'closed';
    return 'closed';
  }
}

/** Returns the error of an action that a pool refuses, or ends, because it is shut down. */
export function closedError(action: string): PoolClosedError {
  return new PoolClosedError(`Cannot ${action}: the pool is shut down`);
}
