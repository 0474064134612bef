import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import { DependencyError, messageOf } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { isSettled, kindOf, optionsOf } from '../../jobs/job-access.js';
import { limitsOf, whenSettled } from '../../jobs/job-engine.js';
import type { StartLimit } from '../../jobs/job-options.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';

/** Jobs that wait for a time, for other jobs, or for their turn in a group. They are PENDING, and delay no others. */
export class DeferredJobs {
  readonly #ledger: Ledger;
  readonly #queue: Pick<Pacer, 'enqueueBefore'>;
  /** Deferred jobs, and how to stop what each waits for. */
  readonly #deferred = new Map<Job, StopTimer>();

  /** @param queue takes the jobs that are deferred no longer. */
  constructor(ledger: Ledger, queue: Pick<Pacer, 'enqueueBefore'>) {
    this.#ledger = ledger;
    this.#queue = queue;
  }

  [Symbol.iterator](): Iterator<Job> {
    return this.#deferred.keys();
  }

  get size(): number {
    return this.#deferred.size;
  }

  has(job: Job): boolean {
    return this.#deferred.has(job);
  }

  /** Defers a new job if its options say so. False if they do not. */
  tryDefer(job: Job): boolean {
    const { dependsOn = [], delayMs, startAt } = optionsOf(job);
    const waitsFor = (dependsOn as readonly Job[]).filter((other) => kindOf(other).settledAs !== 'COMPLETED');
    const untilStartMs = startAt === undefined ? 0 : msUntil(startAt);
    const leftMs = Math.max(delayMs ?? 0, untilStartMs);
    if (waitsFor.length === 0 && leftMs === 0) return this.#deferToTurn(job, limitsOf(job));
    this.#defer(job, waitsFor, leftMs);
    return true;
  }

  /** Defers a job for `ms`; if that is 0, releases it at once. */
  delay(job: Job, ms: number): void {
    if (ms === 0) this.#release(job);
    else this.#defer(job, [], ms);
  }

  /** The priority of a job has changed. */
  reprioritised(job: Job): void {
    for (const limit of limitsOf(job)) limit.reprioritised(job);
  }

  /** Removes a job that is no longer to run. False if it is not deferred. */
  remove(job: Job): boolean {
    const stop = this.#deferred.get(job);
    if (stop === undefined) return false;
    this.#deferred.delete(job);
    stop();
    return true;
  }

  #defer(job: Job, waitsFor: readonly Job[], ms: number): void {
    const stops: StopTimer[] = [];
    this.#deferred.set(job, () => {
      for (const stop of stops) stop();
    });
    let missing = waitsFor.length + (ms > 0 ? 1 : 0);
    const met = (): void => {
      if (--missing === 0 && this.remove(job) && !this.#deferToTurn(job, limitsOf(job))) this.#release(job);
    };
    if (ms > 0) stops.push(startTimer(ms, met, { keepsProcess: false }));
    for (const other of waitsFor) {
      if (!this.#deferred.has(job)) return; // one has failed: the others are not to keep the job
      const ended = (): void => (kindOf(other).settledAs === 'COMPLETED' ? met() : this.#fail(job, other));
      if (isSettled(other)) ended();
      else stops.push(whenSettled(other, ended));
    }
  }

  /** Defers a job until it has its turn by each limit, one after the other. False if it has them now. */
  #deferToTurn(job: Job, limits: readonly StartLimit[]): boolean {
    for (const [index, limit] of limits.entries()) {
      const leave = limit.join(job, () => {
        if (this.remove(job) && !this.#deferToTurn(job, limits.slice(index + 1))) this.#release(job);
      });
      if (leave === undefined) continue;
      this.#deferred.set(job, leave);
      return true;
    }
    return false;
  }

  #release(job: Job): void {
    this.#ledger.released(job);
    this.#queue.enqueueBefore(job);
  }

  #fail(job: Job, other: Job): void {
    if (!this.remove(job)) return;
    const { error } = other; // read, so that its failure counts as observed
    const how = kindOf(other).settledAs === 'CANCELLED' ? 'was cancelled' : 'failed';
    // without the message of another DependencyError, which `cause` has: along a chain messages would grow
    const why =
      error instanceof DependencyError
        ? ', because a job that it depends on did not complete'
        : `: ${messageOf(error)}`;
    const message = `Job '${job.name}' depends on job '${other.name}' (id ${other.id}), which ${how}${why}`;
    this.#ledger.settle(job, 'FAILED', { outcome: new DependencyError(message, { cause: error }) });
  }
}
