import { type Channel, channel } from 'node:diagnostics_channel';
import { outsideRequests } from '../base/async-context.js';
import type { ContextValues } from '../base/context-stores.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { attemptOf } from '../jobs/attempt.js';
import type { Job } from '../jobs/job.js';
import { failureOf, kindOf } from '../jobs/job-access.js';
import type { EventHub, FailedAttempt, PoolEvent, PoolListener } from './events.js';

const named = (name: string): Channel => channel(`thread-system:${name}`);

const SUBMITTED = named('job.submitted');
const STARTED = named('job.started');
const SETTLED = named('job.settled');
const RETRIED = named('job.retried');
const CANCELLING = named('job.cancelling');
const WORKER_STARTING = named('worker.starting');
const WORKER_STARTED = named('worker.started');
const WORKER_EXITED = named('worker.exited');
const POOL_CREATED = named('pool.created');
const POOL_CLOSED = named('pool.closed');
const QUEUE_FULL = named('queue.full');
const LATE_ERROR = named('late-error');

/** Whether the channel of submissions has a subscriber. */
export function areSubmissionsWatched(): boolean {
  return SUBMITTED.hasSubscribers;
}

/**
 * Publishes a job at once, while the context of its submitter is current.
 *
 * @param job the object that users of the pool have.
 * @param values the job's context.
 * @returns the context of the job's code.
 */
export function publishSubmission(pool: object, job: object, values: ContextValues): ContextValues {
  const carrier = { ...values };
  SUBMITTED.publish({ pool, job, carrier });
  return carrier;
}

/** An attempt in a message of `job.settled`. */
type EndedAttempt = Pick<FailedAttempt, 'startedAt' | 'executionMs' | 'workerId'> & { readonly error?: unknown };

export interface PoolChannelsDeps {
  readonly pool: object;
  readonly events: EventHub;
  readonly listenerQueue: ListenerQueue;
  readonly workers: { announceStarts(): void };
}

/**
 * Publishes what happens to a pool's jobs and workers through `node:diagnostics_channel`. Node.js does not report new
 * subscribers, so each channel is checked once per batch and at each rare event; for one with a subscriber, the pool's events
 * are published from then on.
 */
export class PoolChannels {
  readonly #deps: PoolChannelsDeps;
  /** Events that are published. */
  readonly #published = new Set<PoolEvent>();
  /** Failed attempts of jobs that have not settled. */
  readonly #failed = new WeakMap<Job, EndedAttempt[]>();

  constructor(deps: PoolChannelsDeps) {
    this.#deps = deps;
    this.#publishSoon(POOL_CREATED, {});
  }

  /** See {@link areSubmissionsWatched}. */
  get isSubmitWatched(): boolean {
    return areSubmissionsWatched();
  }

  /** Publishes a submission. Returns the context of the job's code. */
  submitted(job: Job, values: ContextValues): ContextValues {
    return publishSubmission(this.#deps.pool, job, values);
  }

  /** A running job is asked to stop. */
  cancelling(job: Job, reason: unknown): void {
    this.#publishSoon(CANCELLING, { job, reason });
  }

  queueFull(job: Job, outcome: 'refused' | 'dropped'): void {
    this.#publishSoon(QUEUE_FULL, { job, outcome });
  }

  closed(): void {
    this.#publishSoon(POOL_CLOSED, {});
  }

  /** Begins to publish the events of channels that have a subscriber now. */
  readonly findSubscribers = (): void => {
    if (STARTED.hasSubscribers && this.#begin('jobStarted', this.#started)) this.#deps.workers.announceStarts();
    if (SETTLED.hasSubscribers)
      for (const event of ['jobCompleted', 'jobFailed', 'jobCancelled'] as const) this.#begin(event, this.#settled);
    if (SETTLED.hasSubscribers || RETRIED.hasSubscribers) this.#begin('jobRetried', this.#retried);
    if (WORKER_STARTING.hasSubscribers)
      this.#begin('workerStarting', (detail) => this.#publish(WORKER_STARTING, detail));
    if (WORKER_STARTED.hasSubscribers) this.#begin('workerStarted', (detail) => this.#publish(WORKER_STARTED, detail));
    if (WORKER_EXITED.hasSubscribers) this.#begin('workerExited', (detail) => this.#publish(WORKER_EXITED, detail));
    if (LATE_ERROR.hasSubscribers) this.#begin('lateError', (detail) => this.#publish(LATE_ERROR, detail));
  };

  /** Returns whether the event was not published before. */
  #begin<E extends PoolEvent>(event: E, listener: PoolListener<E>): boolean {
    if (this.#published.has(event)) return false;
    this.#published.add(event);
    outsideRequests(() => void this.#deps.events.watch(event, listener));
    return true;
  }

  readonly #started = (job: Job): void => {
    const { workerId, startedAt } = job;
    this.#publish(STARTED, { job, workerId, startedAt });
  };

  readonly #retried = (job: Job, attempt: FailedAttempt): void => {
    const { startedAt, executionMs, workerId, error } = attempt;
    const failed = this.#failed.get(job) ?? [];
    failed.push({ startedAt, executionMs, workerId, error });
    this.#failed.set(job, failed);
    this.#publish(RETRIED, { job, ...attempt });
  };

  readonly #settled = (job: Job): void => {
    const attempts = [...(this.#failed.get(job) ?? [])];
    this.#failed.delete(job);
    const last = attemptOf(job);
    if (last !== undefined && last.startedAt !== attempts.at(-1)?.startedAt) {
      const { startedAt, executionMs, workerId } = last;
      const attempt = { startedAt, executionMs, workerId };
      attempts.push(kindOf(job).settledAs === 'COMPLETED' ? attempt : { ...attempt, error: failureOf(job) });
    }
    this.#publish(SETTLED, { job, attempts });
  };

  #publish(to: Channel, message: object): void {
    if (to.hasSubscribers) to.publish({ pool: this.#deps.pool, ...message });
  }

  /** Publishes in the order of events, when the pool's state is consistent (I7). */
  #publishSoon(to: Channel, message: object): void {
    if (!to.hasSubscribers) return;
    this.#deps.listenerQueue.add(() => this.#publish(to, message), [], to.name as string);
  }
}
