import { inspect } from 'node:util';
import { linkToSignal, unlinkFromSignal } from '../../base/abort-link.js';
import { snapshotContext } from '../../base/async-context.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { isPromise } from '../../base/promises.js';
import { CancelledError, cancelledMessage, messageOf } from '../../errors.js';
import { Job } from '../../jobs/job.js';
import { type CheckedJobOptions, type JobOptions, withCurrentContext } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import { refOf } from '../../jobs/task-registry.js';
import { stays } from '../../sync/sharing/crossing.js';
import { ChunkSize } from './chunk-size.js';
import { type MapOptions, readMapOptions } from './map-options.js';
import { sourceOf } from './map-source.js';
import type { Chunk, List, Source } from './source.js';

/** What a map uses of its pool. */
export interface MapDeps {
  /** How many jobs can run at once. */
  readonly places: number;
  submit(job: Job): void;
  /** Called when a map has failed and nobody has observed it yet. Returns a function to call when somebody does. */
  failedUnobserved(map: object, message: string): () => void;
  /** Called when the map has ended. */
  ended(map: JobMap<unknown, unknown>): void;
}

const LEFT = 'the loop over its map was left';

type AnyMap = JobMap<unknown, unknown>;

export let isEnded: (map: AnyMap) => boolean;
/**
 * Tells a map that the pool takes no more jobs. Jobs in flight end first; a source that is then still awaited is given
 * up.
 */
export let poolCloses: (map: AnyMap, error: Error) => void;

/**
 * The results of a task for each of many items: await it for a list of all, or iterate over it with `for await`. Choose
 * one, and iterate only once: the results are not kept.
 */
export class JobMap<R, L = R[]> implements Promise<L>, AsyncIterable<R> {
  readonly #deps: MapDeps;
  readonly #task: TaskRef;
  readonly #source: Source;
  readonly #options: CheckedJobOptions;
  readonly #isOrdered: boolean;
  readonly #limit: number;
  readonly #chunkSize: ChunkSize;
  #read = 0;
  #sent = 0;
  #isReading = false;
  #isAtEnd = false;
  readonly #running = new Set<Job>();
  /** Results not yet delivered, by the number of their job, in order of arrival. */
  readonly #undelivered = new Map<number, List>();
  #delivered = 0;
  /** 1 while the results of a job are being delivered, otherwise 0. */
  #delivering = 0;
  #failure: { readonly error: unknown } | undefined;
  /** Why no further jobs can be sent. */
  #closing: Error | undefined;
  /** Whether the loop over the map has ended, early or not. */
  #isLeft = false;
  /** Unlinks the map from the token and the signal. */
  #unlink = (): void => {};
  #use: 'none' | 'list' | 'iterator' = 'none';
  #promise: Promise<L> | undefined;
  #wake = (): void => {};
  /** Called when somebody observes the map for the first time. */
  #onObserved = (): void => {};
  /** Runs code of the caller's iterator in the async context in which the map was made. */
  // biome-ignore lint/style/useReadonlyClassProperties: set for iterators only
  #runInContext = <R>(fn: () => R): R => fn();

  /**
   * @internal
   * @throws {TypeError | RangeError} for a bad task, items or option.
   */
  constructor(deps: MapDeps, task: Task, items: unknown, options: MapOptions | undefined) {
    const ref = refOf(task);
    const action = `map '${ref.name}'`;
    const { chunk, ordered, concurrency, jobOptions } = readMapOptions(options, action);
    this.#deps = deps;
    this.#task = ref.each;
    this.#options = withCurrentContext(jobOptions);
    const fixed = chunk ?? (jobOptions.timeoutMs === undefined ? undefined : 1); // a timeout applies to one job
    this.#isOrdered = ordered;
    this.#source = sourceOf(items, action);
    if (this.#source.length === undefined) this.#runInContext = snapshotContext();
    // items in an array need no buffer, and the more jobs are in flight, the fewer wakeups of this thread serve them
    const ahead = this.#source.length !== undefined && fixed === undefined ? 4 : 2;
    this.#limit = Math.min(concurrency, ahead * deps.places);
    this.#chunkSize = new ChunkSize({ fixed, most: this.#source.most, task: this.#task });
    this.#link(jobOptions);
    if (this.#failure === undefined) this.#pump();
  }

  static {
    stays(JobMap, 'JobMap', (value) =>
      #deps in value ? `a map of '${value.#task.name}'; await it first and pass its results` : undefined,
    );
  }

  static {
    isEnded = (map) => map.#failure !== undefined || map.#isLeft || map.#isFinished;
    poolCloses = (map, error) => map.#close(error);
  }

  #close(error: Error): void {
    this.#closing = error;
    this.#failIfClosed();
  }

  #failIfClosed(): void {
    if (this.#closing !== undefined && this.#isReading && this.#running.size === 0) this.#fail(this.#closing);
  }

  /** Links the map to the token and the signal. Its jobs are linked themselves; this is for when none is in flight. */
  #link({ token, signal }: JobOptions): void {
    const cancel = (reason: unknown): void =>
      this.#fail(
        new CancelledError(cancelledMessage(`The map of '${this.#task.name}' was cancelled`, reason), { reason }),
      );
    const unregister = token?.onCancel(cancel);
    const dependent = { cancel };
    this.#unlink = () => {
      unregister?.();
      if (signal !== undefined) unlinkFromSignal(signal, dependent);
    };
    if (signal !== undefined) linkToSignal(signal, dependent);
  }

  get [Symbol.toStringTag](): string {
    return 'JobMap';
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const state = this.#failure !== undefined ? 'failed' : this.#isFinished ? 'finished' : 'running';
    return shown('JobMap', { task: this.#task.name, state, read: this.#read, jobs: this.#sent }, inspecting);
  }

  // biome-ignore lint/suspicious/noThenProperty: a map is awaitable by design
  then<A = L, B = never>(
    onfulfilled?: ((value: L) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#list().then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<L | B> {
    return this.#list().catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<L> {
    return this.#list().finally(onfinally);
  }

  /** Iterates over the results. Leaving the loop early cancels the rest. */
  [Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    if (this.#use !== 'none')
      throw new TypeError('Cannot iterate over a map that was awaited or iterated over before: map again');
    this.#use = 'iterator';
    this.#onObserved();
    const results = this.#iterate();
    const end = results.return.bind(results);
    const fail = results.throw.bind(results);
    // a generator that has not begun skips its `finally`, and one that waits reaches it only when woken
    results.return = (value) => {
      this.#leave();
      return end(value);
    };
    results.throw = (error) => {
      this.#leave();
      return fail(error);
    };
    return results;
  }

  async *#iterate(): AsyncGenerator<R, void, undefined> {
    try {
      while (!this.#isLeft) {
        if (this.#failure !== undefined) throw this.#failure.error;
        const part = this.#nextPart();
        if (part !== undefined) {
          this.#delivering = 1;
          for (let i = 0; i < part.length; i++) yield part[i] as R;
          this.#delivering = 0;
          this.#delivered++;
          this.#pump();
        } else if (this.#isFinished) return;
        else await this.#news();
      }
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    this.#isLeft = true;
    this.#stop(LEFT);
  }

  /** Removes and returns the next results to deliver. */
  #nextPart(): List | undefined {
    const [first] = this.#isOrdered ? [this.#delivered] : this.#undelivered.keys();
    const part = this.#undelivered.get(first ?? -1);
    this.#undelivered.delete(first ?? -1);
    return part;
  }

  #list(): Promise<L> {
    if (this.#promise !== undefined) return this.#promise;
    if (this.#use === 'iterator') return Promise.reject(new TypeError('Cannot await a map that is iterated over'));
    this.#use = 'list';
    this.#onObserved();
    this.#promise = this.#collect();
    return this.#promise;
  }

  async #collect(): Promise<L> {
    this.#pump();
    while (!this.#isFinished) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#news();
    }
    const parts = [...this.#undelivered];
    if (this.#isOrdered) parts.sort(([a], [b]) => a - b);
    return this.#source.collect(parts.map(([, part]) => part)) as L;
  }

  /** Resolves when there may be new results. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  get #isFinished(): boolean {
    return this.#failure === undefined && this.#isAtEnd && this.#running.size === 0;
  }

  /** Whether another job may be sent: jobs in flight and those with undelivered results must not exceed the limit. */
  get #hasRoom(): boolean {
    const kept = this.#use === 'list' ? 0 : this.#undelivered.size + this.#delivering;
    return this.#running.size + kept < this.#limit;
  }

  get #nextSize(): number {
    const { length } = this.#source;
    return this.#chunkSize.next(length === undefined ? undefined : length - this.#read, this.#deps.places);
  }

  /** Reads items and sends jobs as long as there is room. */
  #pump(): void {
    try {
      while (!this.#isReading && !this.#isAtEnd && this.#failure === undefined && this.#hasRoom) {
        const chunk = this.#runInContext(() => this.#source.read(this.#nextSize));
        if (isPromise(chunk)) this.#await(chunk);
        else this.#send(chunk);
      }
    } catch (error) {
      this.#fail(error);
    }
    if (this.#isFinished) this.#end();
  }

  /** Ends the map: releases its links and wakes whoever waits. */
  #end(): void {
    this.#unlink();
    this.#deps.ended(this as JobMap<unknown, unknown>);
    this.#wake();
  }

  #await(reading: Promise<Chunk | undefined>): void {
    this.#isReading = true;
    reading.then(
      (chunk) => {
        this.#isReading = false;
        if (!this.#isAtEnd) this.#trySend(chunk);
        this.#pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #trySend(chunk: Chunk | undefined): void {
    try {
      this.#send(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(chunk: Chunk | undefined): void {
    if (chunk === undefined) {
      this.#isAtEnd = true;
      return;
    }
    const { items, target } = chunk;
    const number = this.#sent++;
    this.#read += items.length;
    const job = new Job(this.#task as unknown as Task, target === undefined ? [items] : [items, target], this.#options);
    this.#running.add(job);
    job.then(
      (results) => this.#settled(job, number, { results, length: items.length, target }),
      (error: unknown) => this.#fail(error),
    );
    this.#deps.submit(job);
  }

  #settled(
    job: Job,
    number: number,
    { results, length, target }: { results: unknown; length: number; target: Chunk['target'] },
  ): void {
    this.#running.delete(job);
    if (this.#failure !== undefined || this.#isLeft) return;
    this.#undelivered.set(number, (typeof target === 'object' ? target : results) as List);
    this.#chunkSize.learn(length, job.executionMs);
    this.#pump();
    this.#failIfClosed();
    this.#wake();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined || this.#isLeft || this.#isFinished) return;
    this.#failure = { error };
    this.#stop('another part of its map failed');
    if (this.#use === 'none') this.#onObserved = this.#deps.failedUnobserved(this, this.#unobservedMessage(error));
  }

  /** The message for a failure that nobody has observed, as with a failed job. */
  #unobservedMessage(error: unknown): string {
    return `A map of '${this.#task.name}' failed and its error was never observed: ${messageOf(error)}. Await it, or iterate over it`;
  }

  #stop(reason: string): void {
    const isAtEnd = this.#isAtEnd;
    this.#isAtEnd = true;
    if (!isAtEnd) this.#runInContext(() => this.#source.close());
    const running = [...this.#running];
    this.#running.clear();
    for (const job of running) job.cancel(reason);
    this.#end();
  }
}
