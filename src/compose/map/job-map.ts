import { inspect } from 'node:util';
import { linkToSignal, unlinkFromSignal } from '../../base/abort-link.js';
import { snapshotContext } from '../../base/async-context.js';
import { refuseSurplusObjects } from '../../base/check/options.js';
import { checkFunction } from '../../base/check/values.js';
import type { ContextStores } from '../../base/context-stores.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { isPromise } from '../../base/promises.js';
import { CancelledError, cancelledMessage, messageOf } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { type JobOptions, withCurrentContext } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import { refOf } from '../../jobs/task-registry.js';
import { stays } from '../../sync/sharing/crossing.js';
import { type ChunkDeps, ChunkRun, type ChunkSettings, type RetriedItem } from './chunk-run.js';
import { ChunkSize } from './chunk-size.js';
import { type Chunk, flatten, type ItemList, type ItemSource } from './item-source.js';
import { readMapOptions } from './map-options.js';
import { MapProgress, type MapProgressListener } from './map-progress.js';
import { itemSourceOf } from './map-source.js';
import type { MapFailure } from './map-types.js';
import { ResultBuffer } from './result-buffer.js';

/** What a map uses of its pool. */
export interface MapDeps {
  /** How many jobs can run at once. */
  readonly places: number;
  readonly chunkMs?: number; // target run time of a job
  /** The pool's own context. */
  readonly context: ContextStores | undefined;
  submit(job: Job): void;
  /** Called when an attempt at an item has failed: `job`, submitted next, is another one. */
  retried(job: Job, item: RetriedItem): void;
  /** Returns the error that a worker has encoded. */
  decode(error: unknown): unknown;
  /** Called when a map has failed and nobody has observed it yet. Returns a function to call when somebody does. */
  failedUnobserved(map: object, message: string): () => void;
  ended(map: JobMap<unknown, unknown>): void;
}

const LEFT = 'the loop over its map was left';

type AnyMap = JobMap<unknown, unknown>;
export let isEnded: (map: AnyMap) => boolean;
/**
 * Ends a map, as the pool takes no more jobs. Jobs in flight end first; a source that is then still awaited is given
 * up.
 */
export let poolCloses: (map: AnyMap, error: Error) => void;

/**
 * The results of a task for each of many items: await it for a list of all, or iterate over it with `for await`. Choose
 * one, and iterate only once: the results are not kept.
 */
export class JobMap<R, L = R[]> implements Promise<L>, AsyncIterable<R> {
  readonly #deps: MapDeps;
  readonly #chunks: ChunkSettings;
  readonly #chunkDeps: ChunkDeps;
  readonly #source: ItemSource;
  readonly #progress: MapProgress;
  readonly #limit: number;
  readonly #chunkSize: ChunkSize;
  #read = 0;
  #sent = 0;
  #isReading = false;
  #isAtEnd = false;
  readonly #running = new Set<ChunkRun>();
  readonly #undelivered: ResultBuffer;
  #failure: MapFailure | undefined;
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
  /** Runs code in the async context in which the map was made: that of the caller's iterator, and submissions of jobs. */
  readonly #runInContext = snapshotContext();

  /**
   * @internal
   * @throws {TypeError | RangeError} for a bad task, items or option.
   */
  constructor(deps: MapDeps, task: Task, items: unknown, options: unknown) {
    const ref = refOf(task);
    const action = `map '${ref.name}'`;
    const { chunk: fixed, ordered, concurrency, args, jobOptions, ...how } = readMapOptions(options, action);
    this.#deps = deps;
    const called = args.length === 0 ? ref.each : ref.each.withArgs(args);
    this.#chunks = { task: called, options: withCurrentContext(jobOptions, deps.context), ...how };
    this.#chunkDeps = this.#createChunkDeps();
    this.#undelivered = new ResultBuffer(ordered);
    this.#source = itemSourceOf(items, action);
    this.#progress = new MapProgress(this.#source.length);
    // items in an array need no buffer, and the more jobs are in flight, the fewer wakeups of this thread serve them
    const ahead = this.#source.length !== undefined && fixed === undefined ? 4 : 2;
    this.#limit = Math.min(concurrency, ahead * deps.places);
    this.#chunkSize = new ChunkSize({ fixed, most: this.#source.most, task: ref.each, targetMs: deps.chunkMs });
    this.#link(jobOptions);
    if (this.#failure === undefined) this.#pump();
  }

  static {
    stays(JobMap, 'JobMap', (value) =>
      #deps in value ? `a map of '${value.#chunks.task.name}'; await it first and pass its results` : undefined,
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
    if (this.#closing !== undefined && this.#isReading && this.#running.size === 0) this.#failBy(this.#closing);
  }

  /** Links the map to the token and the signal. Its jobs are linked themselves; this is for when none is in flight. */
  #link({ token, signal }: JobOptions): void {
    const unregister = token?.onCancel((reason) => this.cancel(reason));
    const dependent = { cancel: (reason: unknown) => void this.cancel(reason) };
    this.#unlink = () => {
      unregister?.();
      if (signal !== undefined) unlinkFromSignal(signal, dependent);
    };
    if (signal !== undefined) linkToSignal(signal, dependent);
  }

  /** Why the map has failed; `undefined` if it has not. */
  get failure(): MapFailure | undefined {
    if (this.#failure !== undefined) this.#onObserved();
    return this.#failure;
  }

  /** How many items have settled. */
  get settledCount(): number {
    return this.#progress.count;
  }

  /**
   * Calls `fn` with `settledCount`, and with the number of items if that is known, whenever the items of a job have
   * settled. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} if `fn` is not a function.
   */
  onProgress(fn: MapProgressListener): () => void;
  onProgress(fn: MapProgressListener, ...rest: readonly unknown[]): () => void {
    refuseSurplusObjects(rest, 'only a listener', 'register onProgress');
    checkFunction(fn, 'the listener', 'register onProgress');
    return this.#progress.listen(fn);
  }

  /**
   * Ends the map with a `CancelledError`: cancels its jobs, and closes the source.
   *
   * @returns `false` if the map had ended before.
   */
  cancel(reason?: unknown): boolean {
    if (isEnded(this as AnyMap)) return false;
    const message = cancelledMessage(`The map of '${this.#chunks.task.name}' was cancelled`, reason);
    this.#failBy(new CancelledError(message, { reason }));
    return true;
  }

  get [Symbol.toStringTag](): string {
    return 'JobMap';
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const state = this.#failure !== undefined ? 'failed' : this.#isFinished ? 'finished' : 'running';
    return shown('JobMap', { task: this.#chunks.task.name, state, read: this.#read, jobs: this.#sent }, inspecting);
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
        const part = this.#undelivered.take();
        if (part !== undefined) {
          for (let i = 0; i < part.length; i++) yield part[i] as R;
          this.#undelivered.delivered();
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
    const lists = this.#undelivered.all();
    return (this.#isOfItems ? this.#source.collect(lists) : flatten(lists)) as L;
  }

  /** Resolves when there may be new results. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Whether there is one plain result for each item: those for a typed array make another one. */
  get #isOfItems(): boolean {
    return !this.#chunks.settled && !this.#chunks.flat;
  }

  get #isFinished(): boolean {
    return this.#failure === undefined && this.#isAtEnd && this.#running.size === 0;
  }

  /** Whether another job may be sent: jobs in flight and those with undelivered results must not exceed the limit. */
  get #hasRoom(): boolean {
    const kept = this.#use === 'list' ? 0 : this.#undelivered.size;
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
      this.#failBy(error);
    }
    if (this.#isFinished) this.#end();
  }

  /** Ends the map: releases its links and wakes its waiters. */
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
      (error: unknown) => this.#failBy(error),
    );
  }

  #trySend(chunk: Chunk | undefined): void {
    try {
      this.#send(chunk);
    } catch (error) {
      this.#failBy(error);
    }
  }

  #send(chunk: Chunk | undefined): void {
    if (chunk === undefined) {
      this.#isAtEnd = true;
      return;
    }
    const run = new ChunkRun(this.#chunks, this.#chunkDeps, {
      ...(this.#isOfItems ? chunk : withoutTarget(chunk)),
      number: this.#sent++,
      first: this.#read,
    });
    this.#read += run.length;
    this.#running.add(run);
    run.start();
  }

  #createChunkDeps(): ChunkDeps {
    const { submit, retried, decode } = this.#deps;
    return {
      submit: (job) => this.#runInContext(() => submit(job)),
      retried,
      decode,
      itemsSettled: (count) => this.#progress.add(count),
      chunkEnded: (run, results) => this.#chunkEnded(run, results),
      chunkFailed: (failure) => this.#fail(failure),
    };
  }

  #chunkEnded(run: ChunkRun, results: ItemList): void {
    if (!this.#running.delete(run)) return;
    this.#undelivered.add(run.number, results);
    this.#chunkSize.learn(run.length, run.executionMs);
    this.#pump();
    this.#failIfClosed();
    this.#wake();
  }

  /** Fails for another cause than an item. */
  #failBy(error: unknown): void {
    this.#fail({ index: undefined, error });
  }

  #fail(failure: MapFailure): void {
    if (this.#failure !== undefined || this.#isLeft || this.#isFinished) return;
    this.#failure = Object.freeze(failure);
    this.#stop('another part of its map failed');
    if (this.#use === 'none')
      this.#onObserved = this.#deps.failedUnobserved(this, this.#unobservedMessage(failure.error));
  }

  /** The message for a failure that nobody has observed, as with a failed job. */
  #unobservedMessage(error: unknown): string {
    return `A map of '${this.#chunks.task.name}' failed and its error was never observed: ${messageOf(error)}. Await it, or iterate over it`;
  }

  #stop(reason: string): void {
    const isAtEnd = this.#isAtEnd;
    this.#isAtEnd = true;
    if (!isAtEnd) this.#runInContext(() => this.#source.close());
    const running = [...this.#running];
    this.#running.clear();
    for (const run of running) run.cancel(reason);
    this.#end();
  }
}

/** Returns the chunk, with its results going to a new list. */
function withoutTarget({ items }: Chunk): Chunk {
  return { items, target: undefined };
}
