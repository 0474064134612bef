import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import type { WorkerEnd } from '../../contract/worker-end.js';
import type { PoolSettings } from '../options/options.js';
import { sum } from '../options/reserved-workers.js';
import type { PoolWorker } from '../pool-worker.js';

const IDLE: WorkerEnd = { reason: 'idle', text: 'it was idle' };

/** What the reaper reads of a `WorkerSet`. */
interface Workers {
  readonly all: readonly PoolWorker[];
  readonly memberCount: number;
}

/** Ends workers that have been idle for `idleTimeoutMs`, and are not kept for `minWorkers` or urgent jobs. */
export class IdleReaper {
  readonly #settings: Pick<PoolSettings, 'idleTimeoutMs' | 'minWorkers' | 'reserved'>;
  readonly #workers: Workers;
  #stopTimer: StopTimer | undefined;
  #isPaused = false;

  constructor(settings: Pick<PoolSettings, 'idleTimeoutMs' | 'minWorkers' | 'reserved'>, workers: Workers) {
    this.#settings = settings;
    this.#workers = workers;
  }

  /** Ends workers that have been idle too long, now and later. Call this when workers may have become idle. */
  watch(): void {
    if (this.#stopTimer !== undefined || this.#isPaused) return;
    if (this.#dispensable <= 0) return;
    const idle = this.#workers.all.filter((worker) => worker.isUnused);
    const oldestMs = Math.min(...idle.map((worker) => worker.progressAtMs));
    const dueMs = Math.max(0, oldestMs + this.#settings.idleTimeoutMs - now());
    this.#stopTimer = startTimer(dueMs, () => this.#reap(), { keepsProcess: false });
  }

  /** Keeps idle workers until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  resume(): void {
    this.#isPaused = false;
    this.watch();
  }

  /** How many idle workers need not be kept for `minWorkers`, or for urgent jobs while others run. */
  get #dispensable(): number {
    let idle = 0;
    let isAnyBusy = false;
    for (const worker of this.#workers.all) {
      if (worker.isUnused) idle++;
      isAnyBusy ||= worker.inFlight.size > 0;
    }
    const kept = isAnyBusy ? sum(this.#settings.reserved) : 0;
    return Math.min(idle - kept, this.#workers.memberCount - this.#settings.minWorkers);
  }

  #reap(): void {
    this.#stopTimer = undefined;
    const longestIdleSince = now() - this.#settings.idleTimeoutMs;
    let left = this.#dispensable;
    for (const worker of [...this.#workers.all].reverse()) {
      if (left <= 0) break;
      if (!worker.isUnused || worker.progressAtMs > longestIdleSince) continue;
      worker.end(IDLE);
      left--;
    }
    this.watch();
  }
}
