import { type Dependent, linkToSignal, unlinkFromSignal } from '../base/abort-link.js';
import { bindContext } from '../base/async-context.js';
import { hintFor } from '../base/check/advice.js';
import { mustBe, wrongType } from '../base/check/argument-errors.js';
import { checkFunction } from '../base/check/values.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import type { WorkerExitReason } from '../contract/worker-end.js';
import { CancelledError, cancelledMessage, describe } from '../errors.js';
import type { Job } from '../jobs/job.js';

/** A pool's events, with what their listeners are given. */
export interface PoolEvents {
  /** A worker begins the job's code. */
  jobStarted: Job;
  /** The job has settled COMPLETED. */
  jobCompleted: Job;
  /** The job has settled FAILED. */
  jobFailed: Job;
  /** The job has settled CANCELLED. */
  jobCancelled: Job;
  /** An attempt of the job has failed, and another follows. Listeners also receive the {@link FailedAttempt}. */
  jobRetried: Job;
  /**
   * The job has waited too long for its turn: `aging.starvationMs`, or 30 s without `aging`. Emitted once per job, and not
   * while the pool is paused. Listeners also receive how long it has waited: a {@link Starvation}.
   */
  starvation: Job;
  /** A queue that was full has room again. */
  drain: undefined;
  /** Nothing is pending or active. */
  idle: undefined;
  /** A worker was made, and its thread starts. */
  workerStarting: {
    /** Id of the worker, unique in the pool. */
    readonly workerId: number;
    /** `threadId` of its thread. */
    readonly threadId: number;
  };
  /** A worker takes jobs from now on. */
  workerStarted: {
    /** Id of the worker, unique in the pool. */
    readonly workerId: number;
    /** `threadId` of its thread. */
    readonly threadId: number;
  };
  /** A worker has exited. */
  workerExited: WorkerExit;
  /** An uncaught error from the code of a settled job (`job`) or from no job. The thread is kept. */
  lateError: {
    /** What was thrown. */
    readonly error: Error;
    /** The settled job; `undefined` if it is not known. */
    readonly job:
      | {
          /** Its id: a string if it came from a cluster. */
          readonly id: number | string;
        }
      | undefined;
  };
}

/** The name of a pool's event. */
export type PoolEvent = keyof PoolEvents;

export const EVENT_NAMES: readonly PoolEvent[] = [
  ...(['jobStarted', 'jobCompleted', 'jobFailed', 'jobCancelled', 'jobRetried', 'starvation'] as const),
  ...(['idle', 'drain', 'workerStarting', 'workerStarted', 'workerExited', 'lateError'] as const),
];

/** The life of a worker that has exited. */
export interface WorkerExit {
  /** Id of the worker. */
  readonly workerId: number;
  /** Exit code of its thread or child process: 1 if the pool has ended it, 0 if it was ended because it was idle. */
  readonly exitCode: number;
  /** Why it has exited. */
  readonly reason: WorkerExitReason;
  /** What ended its thread, if the thread did not end by itself. */
  readonly error: unknown;
  /** How many jobs' code it has run to its end. */
  readonly jobs: number;
  /** When its thread was made, in milliseconds since 1970. */
  readonly startedAt: number;
  /** When it was ready for jobs, in milliseconds since 1970; `undefined` if it never was. */
  readonly readyAt: number | undefined;
}

/** An attempt that failed. */
export interface FailedAttempt {
  /** What the task threw, or what ended the attempt. */
  readonly error: unknown;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** How long until the next attempt may begin, in milliseconds. */
  readonly delayMs: number;
  /** When the attempt's code began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** How long it ran, in milliseconds: until its thread had ended, if that died or was replaced. */
  readonly executionMs: number;
  /** Id of the worker that ran it; `undefined` if none did. */
  readonly workerId: number | undefined;
}

/** A job that has waited too long. */
export interface Starvation {
  /** How long the job has waited for its turn, in ms: since its submission or, if it was deferred, since it was released. */
  readonly waitedMs: number;
}

/** The second argument of listeners. */
type More<E extends PoolEvent> = E extends 'jobRetried'
  ? FailedAttempt
  : E extends 'starvation'
    ? Starvation
    : undefined;

/** Called with what happened, and for some events with more about it. */
export type PoolListener<E extends PoolEvent> = (detail: PoolEvents[E], more: More<E>) => void;

/** A pool's listeners. They are called when the pool's own state is consistent (I7), in the order of events. */
export class EventHub {
  readonly #listeners = new Map<PoolEvent, Set<PoolListener<never>>>();
  /** The function given for each listener, and how to remove it. */
  readonly #given = new WeakMap<object, unknown>();
  readonly #removers = new WeakMap<object, () => void>();
  readonly #observers = new Map<PoolEvent, number>();
  readonly #listenerQueue: ListenerQueue;
  readonly #names: readonly string[];
  /** Whether there is no listener: spares every job a lookup in the map. */
  #isSilent = true;
  #findObservers = (): void => {};

  /** @param names the names of the events, if there are others than those of a `ThreadPool`. */
  constructor(listenerQueue: ListenerQueue, names: readonly string[] = EVENT_NAMES) {
    this.#listenerQueue = listenerQueue;
    this.#names = names;
  }

  /** Whether there is an event of that name. */
  knows(event: PoolEvent): boolean {
    return this.#names.includes(event);
  }

  on<E extends PoolEvent>(event: E, listener: PoolListener<E>): () => void {
    const names = this.#names;
    if (!names.includes(event))
      throw wrongType(`listen to ${describe(event)}${hintFor(event, names)}`, `the events are ${names.join(', ')}`);
    if (typeof listener !== 'function') throw mustBe('a function', listener, 'the listener', `listen to '${event}'`);
    const bound = bindContext(listener);
    let isOn = true; // once removed, it is not called for earlier events either
    const own: PoolListener<E> = (detail, more) => {
      if (isOn) bound(detail, more);
    };
    this.#given.set(own, listener);
    let listeners = this.#listeners.get(event);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(event, listeners);
    }
    listeners.add(own);
    this.#isSilent = false;
    const remove = (): void => {
      isOn = false;
      this.#listeners.get(event)?.delete(own);
      this.#isSilent = [...this.#listeners.values()].every(({ size }) => size === 0);
    };
    this.#removers.set(own, remove);
    return remove;
  }

  /** Removes a listener, however often it was added for the event. */
  off(event: PoolEvent, listener: unknown): void {
    for (const own of [...(this.#listeners.get(event) ?? [])])
      if (this.#given.get(own) === listener) this.#removers.get(own)?.();
  }

  /** Calls a listener at the next event only. Returns a function that unregisters it. */
  once<E extends PoolEvent>(event: E, listener: PoolListener<E>): () => void {
    checkFunction(listener, 'the listener', `listen to '${event}'`);
    const first: PoolListener<E> = (detail, more) => {
      remove();
      listener(detail, more);
    };
    const remove = this.on(event, first);
    for (const own of this.#listeners.get(event) ?? [])
      if (this.#given.get(own) === first) this.#given.set(own, listener);
    return remove;
  }

  /** Resolves with what the listeners of the next event are given. */
  next<E extends PoolEvent>(event: E, signal: AbortSignal | undefined): Promise<Parameters<PoolListener<E>>> {
    return new Promise((resolve, reject) => {
      const dependent: Dependent = {
        cancel: (reason) => {
          remove();
          const message = cancelledMessage(`The wait for '${event}' was cancelled`, reason);
          reject(new CancelledError(message, { reason }));
        },
      };
      const remove = this.once(event, (...given) => {
        if (signal !== undefined) unlinkFromSignal(signal, dependent);
        resolve(given);
      });
      if (signal !== undefined) linkToSignal(signal, dependent);
    });
  }

  /** Like `on`, for a listener that only observes: it does not count as handling the event. Call the returned function once. */
  watch<E extends PoolEvent>(event: E, listener: PoolListener<E>): () => void {
    const remove = this.on(event, listener);
    const count = (change: number): void => void this.#observers.set(event, (this.#observers.get(event) ?? 0) + change);
    count(1);
    return () => {
      remove();
      count(-1);
    };
  }

  /** Whether there is any listener. */
  reaches(event: PoolEvent): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  /** Whether there is a listener that does not only observe. */
  has(event: PoolEvent): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > (this.#observers.get(event) ?? 0);
  }

  /** Sets a function that finds new observers, called before each rare event. */
  findObserversBy(find: () => void): void {
    this.#findObservers = find;
  }

  emit<E extends PoolEvent>(event: E, detail: PoolEvents[E], more?: More<E>): void {
    this.#findObservers();
    this.emitOften(event, detail, more);
  }

  /** Like `emit`, for what happens a million times a second: new observers are found once a batch. */
  emitOften<E extends PoolEvent>(event: E, detail: PoolEvents[E], more?: More<E>): void {
    if (this.#isSilent) return;
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    for (const listener of listeners)
      this.#listenerQueue.add(listener as (...args: unknown[]) => void, [detail, more], `'${event}'`);
  }
}
