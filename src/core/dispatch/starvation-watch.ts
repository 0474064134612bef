import { now } from '../../base/clock.js';
import { startTimer } from '../../base/timer.js';
import type { Job } from '../../jobs/job.js';
import { readySinceMs } from '../../jobs/job-access.js';
import type { EventHub } from '../events.js';
import type { Ledger } from '../ledger.js';
import type { Dispatcher } from './dispatcher.js';
import { ageOf } from './job-queue.js';

export interface StarvationDeps {
  readonly dispatcher: Dispatcher;
  readonly events: EventHub;
  readonly ledger: Ledger;
}

/** Wait after which a job starves if waiting jobs do not age. */
const DEFAULT_AFTER_MS = 30_000;
/**
 * Shortest time between two checks: this share of the time after which a job starves, and this multiple of the last
 * check.
 */
const SHARE = 1 / 16;
const REST = 20;

/**
 * Emits `starvation` once for each job that waits too long in the queue. One timer runs, only while there are listeners and
 * jobs; each check goes through all waiting jobs, so that entering and leaving the queue costs nothing.
 */
export class StarvationWatch {
  readonly #afterMs: number;
  readonly #deps: StarvationDeps;
  readonly #reported = new WeakSet<Job>();
  /** Whether there ever was a listener. */
  #hasBegun = false;
  #isArmed = false;

  constructor(afterMs: number | undefined, deps: StarvationDeps) {
    this.#afterMs = afterMs ?? DEFAULT_AFTER_MS;
    this.#deps = deps;
  }

  /** A listener was added. */
  begin(): void {
    this.#hasBegun = true;
    this.watch();
  }

  /** Called when there may be something to watch: the first job has come, or the pool was resumed. */
  readonly watch = (): void => {
    if (!this.#hasBegun || this.#isArmed || !this.#isNeeded) return;
    this.#arm(this.#deps.dispatcher.queue.size > 0 ? 0 : this.#afterMs);
  };

  get #isNeeded(): boolean {
    const { dispatcher, events, ledger } = this.#deps;
    return events.reaches('starvation') && ledger.unsettled > 0 && !dispatcher.isPaused;
  }

  #arm(ms: number): void {
    this.#isArmed = true;
    startTimer(ms, this.#check, { keepsProcess: false });
  }

  readonly #check = (): void => {
    this.#isArmed = false;
    if (!this.#isNeeded) return;
    const nowMs = now();
    const starving: Job[] = [];
    let nextMs = nowMs;
    for (const job of this.#deps.dispatcher.waiting()) {
      if (nowMs - readySinceMs(job) < this.#afterMs) nextMs = Math.min(nextMs, readySinceMs(job));
      else if (!this.#reported.has(job)) starving.push(job);
    }
    starving.sort((a, b) => readySinceMs(a) - readySinceMs(b) || ageOf(a) - ageOf(b));
    for (const job of starving) {
      this.#reported.add(job);
      this.#deps.events.emit('starvation', job, { waitedMs: nowMs - readySinceMs(job) });
    }
    const restMs = Math.max(this.#afterMs * SHARE, (now() - nowMs) * REST);
    this.#arm(Math.max(nextMs + this.#afterMs - nowMs, restMs));
  };
}
