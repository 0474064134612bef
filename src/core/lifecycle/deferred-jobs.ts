import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import { DependencyError, messageOf } from '../../errors.js';
import { isSettled, type Job, kindOf, optionsOf } from '../../jobs/job.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { Ledger } from '../ledger.js';

/** Jobs that may not run yet, as they wait for a time or for other jobs: PENDING, and in nobody's way. */
export class DeferredJobs {
  readonly #ledger: Ledger;
  readonly #release: (job: Job) => void;
  /** How to stop what each waits for. */
  readonly #deferred = new Map<Job, StopTimer>();

  /** @param release is given each job that may run from now on. */
  constructor(ledger: Ledger, release: (job: Job) => void) {
    this.#ledger = ledger;
    this.#release = release;
  }

  [Symbol.iterator](): Iterator<Job> {
    return this.#deferred.keys();
  }

  has(job: Job): boolean {
    return this.#deferred.has(job);
  }

  /** Takes in a new job that its options hold back. False where they do not. */
  enter(job: Job): boolean {
    const { dependsOn = [], delayMs, startAt } = optionsOf(job);
    const waitsFor = (dependsOn as readonly Job[]).filter((other) => kindOf(other).settledAs !== 'COMPLETED');
    const untilStartMs = startAt === undefined ? 0 : msUntil(startAt);
    const leftMs = Math.max(delayMs ?? 0, untilStartMs);
    if (waitsFor.length === 0 && leftMs === 0) return false;
    this.#holdFor(job, waitsFor, leftMs);
    return true;
  }

  /** Holds a job for so long; 0: releases it at once. */
  delay(job: Job, ms: number): void {
    if (ms === 0) this.#letGo(job);
    else this.#holdFor(job, [], ms);
  }

  /** Takes a job out that is not to run any more. False where it is not held. */
  remove(job: Job): boolean {
    const stop = this.#deferred.get(job);
    if (stop === undefined) return false;
    this.#deferred.delete(job);
    stop();
    return true;
  }

  #holdFor(job: Job, waitsFor: readonly Job[], ms: number): void {
    const stops: StopTimer[] = [];
    this.#deferred.set(job, () => {
      for (const stop of stops) stop();
    });
    let missing = waitsFor.length + (ms > 0 ? 1 : 0);
    const came = (): void => {
      if (--missing === 0 && this.remove(job)) this.#letGo(job);
    };
    if (ms > 0) stops.push(startTimer(ms, came, { keepsProcess: false }));
    for (const other of waitsFor) {
      const ended = (): void => (kindOf(other).settledAs === 'COMPLETED' ? came() : this.#fail(job, other));
      if (isSettled(other)) ended();
      else stops.push(whenSettled(other, ended));
    }
  }

  #letGo(job: Job): void {
    this.#ledger.released(job);
    this.#release(job);
  }

  #fail(job: Job, other: Job): void {
    if (!this.remove(job)) return;
    const { error } = other; // its failure is passed on
    const how = kindOf(other).settledAs === 'CANCELLED' ? 'was cancelled' : 'failed';
    // not the message of another such error: along a chain they would grow; each has its cause
    const why =
      error instanceof DependencyError ? ', as one that it depends on did not complete' : `: ${messageOf(error)}`;
    const message = `Job '${job.name}' depends on job '${other.name}' (id ${other.id}), which ${how}${why}`;
    this.#ledger.settle(job, 'FAILED', { outcome: new DependencyError(message, { cause: error }) });
  }
}
