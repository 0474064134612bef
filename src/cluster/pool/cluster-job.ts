import { inspect } from 'node:util';
import { mustBe } from '../../base/check/argument-errors.js';
import { checkFinite } from '../../base/check/values.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import type { Job } from '../../jobs/job.js';
import type { JobState } from '../../jobs/job-state.js';
import type { CancellationToken } from '../../sync/cancellation-token.js';
import { stays } from '../../sync/sharing/crossing.js';
import type { Submission } from './submission.js';

/** What a job asks of its pool. */
export interface ClusterJobPool {
  cancel(submission: Submission, reason: unknown): Promise<boolean>;
  setPriority(submission: Submission, priority: number): Promise<boolean>;
  refresh(submission: Submission): Promise<void>;
}

/** The `Job` that settles in this process for a job of a cluster. Not a method: users of the job do not need it. */
export let localJobOf: (job: ClusterJob) => Job;
let isClusterJob: (value: unknown) => value is ClusterJob;

/**
 * One call of a task on some host of a cluster. Awaitable, like a {@link Job}; its state is as last heard from Redis. It
 * settles exactly once.
 *
 * @example
 * ```ts
 * const job = cluster.submit(tasks.sha256, [bytes]);
 * await job.added; // from here on it outlives this process
 * await job;
 * ```
 */
export class ClusterJob<T = unknown, P = unknown> implements PromiseLike<T>, Pick<Promise<T>, 'catch' | 'finally'> {
  readonly #pool: ClusterJobPool;
  readonly #submission: Submission;
  #added: Promise<void> | undefined;

  /** @internal */
  constructor(pool: ClusterJobPool, submission: Submission) {
    this.#pool = pool;
    this.#submission = submission;
  }

  static {
    localJobOf = (job) => job.#submission.job;
    isClusterJob = (value): value is ClusterJob => typeof value === 'object' && value !== null && #submission in value;
    stays(ClusterJob, 'ClusterJob', (value) =>
      #pool in value
        ? `job '${value.name}' of a cluster; await it first and pass its result, or pass its id`
        : undefined,
    );
  }

  get #job(): Job<T, P> {
    return this.#submission.job as Job<T, P>;
  }

  /** Unique across all processes, and equal to `currentJob().id` on the host: a key for effects that must happen once. */
  get id(): string {
    return this.#submission.id;
  }

  /** The option `name`, or else the task's name. */
  get name(): string {
    return this.#job.name;
  }

  /** The present priority: higher runs first. */
  get priority(): number {
    return this.#job.priority;
  }

  /**
   * Resolves once Redis has the job: from then on it runs even if this process ends. Rejects with the job's error if it settles
   * before; that is never an unhandled rejection unless this was read.
   */
  get added(): Promise<void> {
    this.#added ??= this.#submission.whenAdded.catch(() => {
      throw this.#job.error; // so that its failure is observed
    });
    return this.#added;
  }

  /** The state as last heard. A job that runs for less than 20 ms is never reported as RUNNING. */
  get state(): JobState {
    return this.#job.state;
  }

  /** What the task returned, once COMPLETED, or if it returned after the job was cancelled. Otherwise `undefined`. */
  get result(): T | undefined {
    return this.#job.result;
  }

  /** Why the job did not complete, once FAILED or CANCELLED. Otherwise `undefined`. */
  get error(): unknown {
    return this.#job.error;
  }

  /** Time from submission until the code began, in milliseconds; the time so far while it waits. */
  get queuedMs(): number {
    return this.#job.queuedMs;
  }

  /** How long the job's code ran, in milliseconds. 0 until the job has settled. */
  get executionMs(): number {
    return this.#job.executionMs;
  }

  /** How many times the job's code was begun, crashes of hosts included, as last heard. */
  get attempts(): number {
    return this.#job.attempts;
  }

  /** Id of the host that runs the job or ran it last, as last heard. */
  get hostId(): string | undefined {
    return this.#submission.hostId;
  }

  /** Id of the worker on that host. */
  get workerId(): number | undefined {
    return this.hostId === undefined ? undefined : this.#job.workerId;
  }

  /** The job's own token, a child of `options.token` and `options.signal`. Cancelling it cancels the job. */
  get token(): CancellationToken {
    return this.#job.token;
  }

  /** The values the task reports, in order. At least once each, but the latest wins if there are more than 50 a second. */
  get progress(): AsyncIterable<P> {
    return this.#job.progress;
  }

  /**
   * Calls `fn` with each value the task reports. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} if `fn` is not a function.
   */
  onProgress(fn: (value: P) => void): () => void {
    return this.#job.onProgress(fn);
  }

  /**
   * Asks the job to stop, wherever it is.
   *
   * @returns a promise of what is decided: `true` if the job will settle CANCELLED; `false` if it settles, or has settled, by
   * its own outcome.
   */
  cancel(reason?: unknown): Promise<boolean> {
    return this.#pool.cancel(this.#submission, reason);
  }

  /**
   * Gives a waiting job another priority. Among its new equals it keeps the order of submission.
   *
   * @returns a promise of whether it has the priority: `false` if its code has begun, or the job has settled.
   * @throws {TypeError | RangeError} if `priority` is not a finite number.
   */
  setPriority(priority: number): Promise<boolean> {
    checkFinite(priority, 'priority', `set priority of job '${this.name}'`);
    return this.#pool.setPriority(this.#submission, priority);
  }

  /** Reads the job's record in Redis. Resolves with its state. */
  async refresh(): Promise<JobState> {
    await this.#pool.refresh(this.#submission);
    return this.state;
  }

  // biome-ignore lint/suspicious/noThenProperty: a job is awaitable by design
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#job.then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#job.catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<T> {
    return this.#job.finally(onfinally);
  }

  /** Returns the job's identity and status, without its arguments, result or error. */
  toJSON(): object {
    const { id, name, state, priority, queuedMs, executionMs, attempts, hostId } = this;
    return { id, name, state, priority, queuedMs, executionMs, attempts, hostId };
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { id, name, state, priority } = this;
    return shown('ClusterJob', { id, name, state, priority }, inspecting);
  }
}

/**
 * Resolves a promise with a job, not with the job's result: for that the job must not look awaitable to the promise.
 *
 * @param resolve of the promise, which looks for a `then` while it is called.
 */
export function resolveWithJob(resolve: (job: ClusterJob) => void, job: ClusterJob): void {
  Object.defineProperty(job, 'then', { value: undefined, configurable: true });
  resolve(job);
  Reflect.deleteProperty(job, 'then');
}

/** @throws {TypeError} if a value is not a job of a cluster. */
export function checkClusterJob(value: unknown, name: string, action: string): ClusterJob {
  if (isClusterJob(value)) return value;
  throw mustBe('a ClusterJob', value, name, action);
}
