import { optionNames, readOptions } from '../base/check/options.js';
import { checkInstance, checkInteger, checkIterable } from '../base/check/values.js';
import { type StopTimer, startTimer } from '../base/timer.js';
import { JobTimeoutError } from '../errors.js';
import { Job } from '../jobs/job.js';
import { isSettled } from '../jobs/job-access.js';
import { whenSettled } from '../jobs/job-engine.js';
import { stays } from '../sync/sharing/crossing.js';
import { type JobWaitOptions, readTimeout } from './job-wait-options.js';

/** How many jobs a stream keeps for a slow reader. */
const DEFAULT_LIMIT = 10_000;

/** Options of a stream of jobs. */
export interface StreamOptions {
  /**
   * How many jobs are kept for a slow reader, 1 or more. Beyond that the oldest is dropped, with one process warning
   * per stream. Default: 10 000.
   */
  readonly limit?: number | undefined;
}

const STREAM_OPTIONS = optionNames<StreamOptions>({ limit: true });

/**
 * A settled job, as a `for await` loop yields it: read its `state`, `result` and `error`. (The type has no `then`: the
 * compiler would otherwise take the loop variable for the job's result.)
 */
export type SettledJob<J extends Job = Job> = J & {
  /** Hidden from the compiler, which would take the job for a promise of its result. */
  readonly then: never;
};

type Next<J> = IteratorResult<J, undefined>;

interface Reader<J> {
  readonly resolve: (next: Next<J>) => void;
  readonly reject: (error: unknown) => void;
}

let push: <J extends Job>(stream: JobStream<J>, job: J) => void;
/** Ends the stream: no more jobs come. */
let end: <J extends Job>(stream: JobStream<J>) => void;
/** Ends the stream with an error, which a reader gets after the jobs that are already there. */
let fail: <J extends Job>(stream: JobStream<J>, error: unknown) => void;

/**
 * Jobs one after the other, for `for await`. (Not an async generator, which would await the jobs that it yields.)
 */
export class JobStream<J extends Job = Job> implements AsyncIterableIterator<J, undefined> {
  readonly #jobs: J[] = [];
  readonly #readers: Reader<J>[] = [];
  readonly #limit: number;
  readonly #onClosed: () => void;
  readonly #onSlow: (message: string) => void;
  #isEnded = false;
  #error: { readonly error: unknown } | undefined;
  #hasWarned = false;

  /**
   * @param onClosed called once the reader has left or the stream has ended.
   * @param onSlow called once, when the first job is dropped.
   */
  constructor(limit: number, onClosed: () => void, onSlow: (message: string) => void = () => {}) {
    this.#limit = limit;
    this.#onClosed = onClosed;
    this.#onSlow = onSlow;
  }

  static {
    stays(JobStream, 'JobStream', (value) =>
      #jobs in value ? 'a stream of jobs; read it and pass results' : undefined,
    );
  }

  static {
    push = (stream, job) => stream.#push(job);
    end = (stream) => stream.#end();
    fail = (stream, error) => stream.#fail(error);
  }

  #push(job: J): void {
    if (this.#isEnded) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ value: job, done: false });
      return;
    }
    this.#jobs.push(job);
    if (this.#jobs.length > this.#limit) this.#drop();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onClosed();
    for (const { resolve } of this.#readers.splice(0)) resolve({ value: undefined, done: true });
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#error = { error };
    else reader.reject(error);
    this.#end();
  }

  /** Resolves with the next job once there is one, or with the end. */
  next(): Promise<Next<J>> {
    const job = this.#jobs.shift();
    if (job !== undefined) return Promise.resolve({ value: job, done: false });
    if (this.#error !== undefined) {
      const { error } = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** Returns the jobs that have come since the last one was read, without waiting for more. */
  take(): J[] {
    return this.#jobs.splice(0);
  }

  /** Ends the stream, as leaving the loop does. */
  return(): Promise<Next<J>> {
    this.#jobs.length = 0;
    this.#error = undefined;
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #drop(): void {
    this.#jobs.shift();
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#onSlow(
      `A stream of jobs is read too slowly: more than ${this.#limit} wait, and the oldest are dropped; this is reported once per stream`,
    );
  }
}

/** The pool's events for settled jobs. */
interface SettledJobs {
  /** @returns a function that unregisters the listener. */
  on(event: 'jobCompleted' | 'jobFailed', listener: (job: Job) => void): () => void;
}

/** The streams of a pool's events. */
export class JobStreams {
  readonly #events: SettledJobs;
  readonly #warn: (message: string) => void;
  readonly #open = new Set<JobStream<SettledJob>>();
  #isClosed = false;

  /** @param warn called with a message when a stream is read too slowly. */
  constructor(events: SettledJobs, warn: (message: string) => void) {
    this.#events = events;
    this.#warn = warn;
  }

  /** @throws {TypeError | RangeError} for a bad option. */
  open(event: 'jobCompleted' | 'jobFailed', options: StreamOptions | undefined): JobStream<SettledJob> {
    const { limit: given = DEFAULT_LIMIT } = readOptions(options, STREAM_OPTIONS, 'read jobs');
    const limit =
      given === Number.POSITIVE_INFINITY
        ? Number.POSITIVE_INFINITY
        : checkInteger(given, 'limit', { from: 1, to: Number.MAX_SAFE_INTEGER }, 'read jobs');
    const closed = (): void => {
      unregister();
      this.#open.delete(stream);
    };
    const stream = new JobStream<SettledJob>(limit, closed, this.#warn);
    const unregister = this.#events.on(event, (job) => push(stream, job as SettledJob));
    if (this.#isClosed) end(stream);
    else this.#open.add(stream);
    return stream;
  }

  /** Ends all streams, as no more jobs will settle. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#open]) end(stream);
  }
}

/**
 * Streams jobs in the order in which they settle, beginning with those that already have.
 *
 * @throws {TypeError | RangeError} if `jobs` is not an iterable of `Job`s, or for a bad option.
 */
export function streamAsCompleted<J extends Job>(
  given: Iterable<J>,
  options: JobWaitOptions | undefined,
): JobStream<SettledJob<J>> {
  const timeoutMs = readTimeout(options, 'wait for jobs');
  const jobs = listOfJobs(given) as SettledJob<J>[];
  const stops: StopTimer[] = [];
  const stream = new JobStream<SettledJob<J>>(Number.POSITIVE_INFINITY, () => {
    for (const stop of stops) stop();
  });
  let missing = jobs.length;
  const settled = (job: SettledJob<J>): void => {
    push(stream, job);
    if (--missing === 0) end(stream);
  };
  const expire = (): void =>
    fail(
      stream,
      new JobTimeoutError(`Cannot wait longer for ${missing} of ${jobs.length} jobs: ${timeoutMs} ms have passed`),
    );
  for (const job of jobs) if (isSettled(job)) settled(job);
  if (jobs.length === 0) end(stream);
  if (missing === 0) return stream;
  for (const job of jobs) if (!isSettled(job)) stops.push(whenSettled(job, () => settled(job)));
  stops.push(startTimer(timeoutMs, expire, { keepsProcess: true }));
  return stream;
}

function listOfJobs<J extends Job>(jobs: Iterable<J>): J[] {
  const action = 'wait for jobs';
  const list = [...checkIterable(jobs, 'jobs', action)] as J[];
  for (const job of list) checkInstance(job, Job, 'each', action);
  return list;
}
