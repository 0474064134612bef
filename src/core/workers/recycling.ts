import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import type { WorkerEnd } from '../../contract/worker-end.js';
import { isInService } from '../../host/worker-lifecycle.js';
import type { Balance } from '../dispatch/balance.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { RecycleSettings } from '../options/recycle-options.js';
import { closedError, type ReadonlyPoolState } from '../pool-state.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from './worker-set.js';

/** Expected time to start a thread, in ms: a replacement is started this long before its worker has run its last job. */
const START_MS = 100;
/** Pause after a replacement that could not start. */
const RETRY_MS = 1_000;
const RECYCLED: WorkerEnd = { reason: 'idle', text: 'it was recycled' };

export interface RecyclingDeps {
  readonly state: ReadonlyPoolState;
  readonly ledger: Ledger;
  readonly workers: WorkerSet;
  readonly balance: Balance;
  readonly pacer: Pacer;
}

/** A worker that is being replaced. */
interface Replacement {
  /** The worker that takes its place: a spare, which takes no jobs until then. */
  readonly spare: PoolWorker;
  /** Called when the old worker has exited. */
  readonly ended: (() => void)[];
}

/**
 * Replaces workers by new ones: first the new one starts, then the old one takes no more jobs, and ends in order once it is free.
 * So the pool never has fewer workers, and no job is killed.
 */
export class Recycling {
  readonly #limits: RecycleSettings | undefined;
  readonly #deps: RecyclingDeps;
  readonly #replacements = new Map<PoolWorker, Replacement>();
  /** The last call of `recycleAll`, which the next one follows. */
  #last: Promise<void> = Promise.resolve();
  #stopTimer: StopTimer | undefined;
  #notBeforeMs = 0;

  constructor(limits: RecycleSettings | undefined, deps: RecyclingDeps) {
    this.#limits = limits;
    this.#deps = deps;
  }

  /** Replaces workers that are past a limit. Call this when workers may have run jobs. */
  check(): void {
    const { workers, state } = this.#deps;
    const nowMs = now();
    if (this.#limits === undefined) return;
    const mayReplace = state.phase === 'open' && nowMs >= this.#notBeforeMs;
    for (const worker of [...workers.all]) {
      if (worker.state !== 'ready' || worker.isSpare) continue;
      if (worker.jobsLeft === 0 && worker.inFlight.size === 0) this.#retire(worker);
      else if (mayReplace && isDue(worker, this.#limits, nowMs)) this.replace(worker);
    }
    if (mayReplace && this.#limits.afterMs !== Number.POSITIVE_INFINITY) this.#checkLater(this.#limits.afterMs, nowMs);
  }

  /** Starts the replacement of a worker, unless that was done before. */
  replace(worker: PoolWorker, ended: () => void = () => {}): void {
    const known = this.#replacements.get(worker);
    if (known !== undefined) {
      known.ended.push(ended);
      return;
    }
    if (!isInService(worker.state)) {
      ended();
      return;
    }
    let spare: PoolWorker;
    try {
      spare = this.#deps.workers.startOne();
    } catch {
      this.#notBeforeMs = now() + RETRY_MS; // reported when one that is needed cannot be started
      ended();
      return;
    }
    spare.isSpare = true;
    this.#replacements.set(worker, { spare, ended: [ended] });
  }

  /** Replaces all present workers, one after the other. Resolves when those have exited. */
  recycleAll(): Promise<void> {
    const { state, workers } = this.#deps;
    if (state.phase !== 'open') return Promise.reject(closedError('recycle the workers'));
    const present = [...workers.all];
    this.#last = this.#replaceInTurn(present, this.#last);
    return this.#last;
  }

  async #replaceInTurn(present: readonly PoolWorker[], before: Promise<void>): Promise<void> {
    const { ledger } = this.#deps;
    ledger.ref();
    try {
      await before;
      for (const worker of present) await new Promise<void>((resolve) => this.replace(worker, resolve));
    } finally {
      ledger.unref();
    }
  }

  /** A worker is ready, a spare included. */
  workerReady(worker: PoolWorker): void {
    for (const [old, { spare }] of this.#replacements) if (spare === worker) this.#retire(old);
    if (this.#limits !== undefined) this.check();
  }

  workerExited(worker: PoolWorker): void {
    const replacement = this.#replacements.get(worker);
    if (replacement !== undefined) {
      this.#use(replacement.spare);
      this.#replacements.delete(worker);
      for (const ended of replacement.ended) ended();
    }
    for (const [old, { spare, ended }] of this.#replacements) {
      if (spare !== worker || !isInService(old.state)) continue;
      // it could not start: the old worker stays
      this.#replacements.delete(old);
      this.#notBeforeMs = now() + RETRY_MS;
      for (const end of ended) end();
    }
  }

  /** The pool is shut down: it starts no more workers. */
  close(): void {
    this.#stopTimer?.();
  }

  /** Lets a worker end once it is free. */
  #retire(worker: PoolWorker): void {
    const { balance, pacer } = this.#deps;
    balance.recall(worker);
    worker.retire(RECYCLED);
    const replacement = this.#replacements.get(worker);
    if (replacement !== undefined) this.#use(replacement.spare);
    pacer.pump();
  }

  #use(spare: PoolWorker): void {
    if (!spare.isSpare) return;
    if (this.#deps.workers.hasRoom) spare.isSpare = false;
    else spare.end({ reason: 'idle', text: 'it was not needed' });
  }

  #checkLater(afterMs: number, nowMs: number): void {
    if (this.#stopTimer !== undefined) return;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const worker of this.#deps.workers.all)
      if (worker.state === 'ready' && !this.#replacements.has(worker)) firstMs = Math.min(firstMs, worker.readyAtMs);
    if (firstMs === Number.POSITIVE_INFINITY) return;
    const expire = (): void => {
      this.#stopTimer = undefined;
      this.check();
    };
    this.#stopTimer = startTimer(Math.max(1, firstMs + afterMs - nowMs), expire, { keepsProcess: false });
  }
}

/** Whether the worker is past a limit, or will be by the time another has started. */
function isDue(worker: PoolWorker, { afterJobs, afterMs }: RecycleSettings, nowMs: number): boolean {
  const ageMs = nowMs - worker.readyAtMs;
  if (ageMs >= afterMs) return true;
  if (afterJobs === Number.POSITIVE_INFINITY) return false;
  const msPerJob = worker.jobsRun === 0 ? Number.POSITIVE_INFINITY : ageMs / worker.jobsRun;
  return worker.jobsLeft === 0 || (afterJobs - worker.jobsRun) * msPerJob < START_MS;
}
