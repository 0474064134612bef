import type { Balance } from './dispatch/balance.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import type { Pacer } from './dispatch/pacer.js';
import type { StarvationWatch } from './dispatch/starvation-watch.js';
import type { Admission } from './lifecycle/admission.js';
import { toMaxWorkers } from './options/options.js';
import { checkLeavesWorkers, type ReservedWorkers } from './options/reserved-workers.js';
import type { PoolStatus, ReadonlyPoolState } from './pool-state.js';
import type { WorkerSet } from './workers/worker-set.js';

export interface RunningDeps {
  readonly state: ReadonlyPoolState;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly balance: Balance;
  readonly starvation: StarvationWatch;
  readonly admission: Admission;
  readonly workers: WorkerSet;
}

/** Whether a pool runs jobs, and on how many workers: `pause`, `resume`, `resize`. */
export class Running {
  readonly #reserved: readonly ReservedWorkers[];
  readonly #deps: RunningDeps;

  constructor(reserved: readonly ReservedWorkers[], deps: RunningDeps) {
    this.#reserved = reserved;
    this.#deps = deps;
  }

  get status(): PoolStatus {
    const { state, dispatcher } = this.#deps;
    if (state.phase === 'open') return dispatcher.isPaused ? 'paused' : 'open';
    return state.phase === 'closed' ? 'closed' : 'draining';
  }

  pause(): void {
    if (this.#deps.state.phase !== 'open') return; // a shutdown is not delayed
    this.#deps.dispatcher.pause();
  }

  resume(): void {
    const { dispatcher, pacer, starvation, admission } = this.#deps;
    dispatcher.resume();
    pacer.pump();
    starvation.watch();
    admission.notifyIfRoom(); // a paused pool has less room
  }

  /** @throws {TypeError | RangeError} for a bad number, or one that leaves no worker besides those reserved. */
  resize(maxWorkers: number): void {
    const resolved = toMaxWorkers(maxWorkers, 'resize pool');
    checkLeavesWorkers(this.#reserved, resolved, 'resize pool');
    const { state, workers, balance, admission, pacer } = this.#deps;
    if (state.phase !== 'open') return;
    workers.resize(resolved, (worker) => balance.recall(worker));
    admission.notifyIfRoom();
    workers.refill();
    pacer.pump();
  }
}
