import { inContextOfNow } from '../base/async-context.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { describe } from '../errors.js';
import type { Job } from '../jobs/job.js';

/** A pool's events, with what their listeners are given. */
export interface PoolEvents {
  /** A worker begins the job's code. */
  jobStarted: Job;
  jobCompleted: Job;
  jobFailed: Job;
  jobCancelled: Job;
  /** An attempt of the job has failed, and another follows. Listeners are also given the {@link FailedAttempt}. */
  jobRetried: Job;
  /**
   * The job waits too long for its turn: for as long as `aging.starvationMs` says, else 30 s. BatchItem once a job, and not while the
   * pool is paused. Listeners are also given how long it has waited: a {@link Starvation}.
   */
  starvation: Job;
  /** There is room again in a queue that was full. */
  drain: undefined;
  /** Nothing is pending or active. */
  idle: undefined;
  workerStarted: { readonly workerId: number; readonly threadId: number };
  /** `error`: what ended the thread, where it did not end by itself. */
  workerExited: { readonly workerId: number; readonly exitCode: number; readonly error: unknown };
  /** An uncaught error of a job that is settled (`job`), or of none. Its thread is kept. */
  lateError: { readonly error: Error; readonly job: { readonly id: number } | undefined };
}

export type PoolEvent = keyof PoolEvents;

const NAMES: readonly PoolEvent[] = [
  ...(['jobStarted', 'jobCompleted', 'jobFailed', 'jobCancelled', 'jobRetried', 'starvation'] as const),
  ...(['idle', 'drain', 'workerStarted', 'workerExited', 'lateError'] as const),
];

/** What is told of an attempt that failed. */
export interface FailedAttempt {
  readonly error: unknown;
  /** Its number, from 1. */
  readonly attempt: number;
  /** In how many ms the next one follows. */
  readonly delayMs: number;
}

/** What is told of a job that waits too long. */
export interface Starvation {
  /** How long it has waited for its turn, in ms: from its submission, or from when nothing held it back any more. */
  readonly waitedMs: number;
}

/** What else listeners are given. */
type More<E extends PoolEvent> = E extends 'jobRetried'
  ? FailedAttempt
  : E extends 'starvation'
    ? Starvation
    : undefined;

export type PoolListener<E extends PoolEvent> = (detail: PoolEvents[E], more: More<E>) => void;

/** Who listens to a pool. Listeners are called when the pool's own state is consistent (I7), in the order of events. */
export class EventHub {
  readonly #listeners = new Map<PoolEvent, Set<PoolListener<never>>>();
  readonly #onlookers = new Map<PoolEvent, number>();
  readonly #listenerQueue: ListenerQueue;
  /** Nobody has ever listened: known without a look into the map, for every job. */
  #isSilent = true;

  constructor(listenerQueue: ListenerQueue) {
    this.#listenerQueue = listenerQueue;
  }

  on<E extends PoolEvent>(event: E, listener: PoolListener<E>): () => void {
    if (!NAMES.includes(event))
      throw new TypeError(`Cannot listen to ${describe(event)}: the events are ${NAMES.join(', ')}`);
    if (typeof listener !== 'function')
      throw new TypeError(
        `Cannot listen to '${event}': the listener must be a function, received ${describe(listener)}`,
      );
    const bound = inContextOfNow(listener);
    let isOn = true; // what was emitted before it was taken off is not told any more
    const own: PoolListener<E> = (detail, more) => {
      if (isOn) bound(detail, more);
    };
    let listeners = this.#listeners.get(event);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(event, listeners);
    }
    listeners.add(own);
    this.#isSilent = false;
    return () => {
      isOn = false;
      this.#listeners.get(event)?.delete(own);
    };
  }

  /** As `on`, for who only looks on: nobody can rely on it to handle what it is told. */
  watch<E extends PoolEvent>(event: E, listener: PoolListener<E>): void {
    this.on(event, listener);
    this.#onlookers.set(event, (this.#onlookers.get(event) ?? 0) + 1);
  }

  /** Whether anybody is told. */
  reaches(event: PoolEvent): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  /** Whether somebody listens, and does not only look on. */
  has(event: PoolEvent): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > (this.#onlookers.get(event) ?? 0);
  }

  emit<E extends PoolEvent>(event: E, detail: PoolEvents[E], more?: More<E>): void {
    if (this.#isSilent) return;
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    for (const listener of listeners)
      this.#listenerQueue.add(listener as (...args: unknown[]) => void, [detail, more], `'${event}'`);
  }
}
