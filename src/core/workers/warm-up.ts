import { WorkerExitError } from '../../errors.js';
import type { ThreadExit } from '../../host/thread-exit.js';
import type { Ledger } from '../ledger.js';
import { closedError, type ReadonlyPoolState } from '../pool-state.js';
import type { WorkerSet } from './worker-set.js';

export interface WarmUpDeps {
  readonly state: ReadonlyPoolState;
  readonly ledger: Ledger;
  readonly workers: WorkerSet;
}

/** A call of `run` that waits for workers. */
interface Waiting {
  missing: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Starts workers before there are jobs for them. */
export class WarmUp {
  readonly #deps: WarmUpDeps;
  readonly #waiting = new Set<Waiting>();

  constructor(deps: WarmUpDeps) {
    this.#deps = deps;
  }

  /** Starts what is missing to `count` workers. Resolves when that many are ready; rejects if one cannot start. */
  async run(count: number): Promise<void> {
    const { state, ledger, workers } = this.#deps;
    if (state.phase !== 'open') throw closedError('warm up');
    const ready = workers.all.filter((worker) => worker.state === 'ready' && !worker.isSpare).length;
    if (ready >= count) return;
    ledger.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add({ missing: count - ready, resolve, reject });
        workers.start(count - workers.memberCount);
      });
    } finally {
      ledger.unref();
    }
  }

  workerReady(): void {
    for (const waiting of this.#waiting) if (--waiting.missing === 0) this.#end(waiting, () => waiting.resolve());
  }

  /** A worker could not start. */
  startFailed(message: string, exit: ThreadExit): void {
    for (const waiting of this.#waiting) this.#end(waiting, () => waiting.reject(new WorkerExitError(message, exit)));
  }

  /** The pool is shut down. */
  close(): void {
    const error = closedError('finish warming up');
    for (const waiting of this.#waiting) this.#end(waiting, () => waiting.reject(error));
  }

  #end(waiting: Waiting, settle: () => void): void {
    this.#waiting.delete(waiting);
    settle();
  }
}
