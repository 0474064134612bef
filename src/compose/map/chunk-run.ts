import { types } from 'node:util';
import { type ChunkOutcome, EachMode } from '../../contract/each-mode.js';
import { failedItemOf } from '../../contract/failed-items.js';
import { NotCloneableError, WorkerExitError } from '../../errors.js';
import { attemptOf } from '../../jobs/attempt.js';
import { Job } from '../../jobs/job.js';
import { continueFrom, type EndedAttempts } from '../../jobs/job-engine.js';
import { type CheckedJobOptions, withOptions } from '../../jobs/job-options.js';
import { msToNextAttempt } from '../../jobs/retry-policy.js';
import type { Task } from '../../jobs/task.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { type Chunk, flatten, type ItemList, type TypedArray } from './item-source.js';
import type { MapFailure, SettledItem } from './map-types.js';

/** A failed attempt at an item that is followed by another. */
export interface RetriedItem {
  readonly error: unknown;
  readonly attempt: number;
  readonly delayMs: number;
  readonly startedAt: number;
  readonly executionMs: number;
  readonly workerId: number | undefined;
}

/** What the chunks of a map have in common. */
export interface ChunkSettings {
  readonly task: TaskRef;
  readonly options: CheckedJobOptions;
  readonly settled: boolean;
  readonly flat: boolean;
  readonly transferItems: boolean;
}

/** What a chunk uses of its map. */
export interface ChunkDeps {
  submit(job: Job): void;
  /** An attempt at an item has failed; `job`, submitted next, is another. */
  retried(job: Job, item: RetriedItem): void;
  /** Returns the error that a worker has encoded. */
  decode(error: unknown): unknown;
  /** Items of the chunk have settled. */
  itemsSettled(count: number): void;
  /** All items of the chunk have settled. */
  chunkEnded(run: ChunkRun, results: ItemList): void;
  /** The chunk has failed, and with it the map. */
  chunkFailed(failure: MapFailure): void;
}

/** A chunk at its place in a map. */
export interface PlacedChunk extends Chunk {
  /** Its position among the chunks. */
  readonly number: number;
  /** Index of its first item. */
  readonly first: number;
}

/** Matches the path of a `NotCloneableError` at an item or its result. */
const PATH_OF_ITEM = /^(?:args\[0\]|result)\[(\d+)\]/;

/**
 * One chunk of a map: its job, and the jobs of items that are run apart. These are items that are retried after a failure, and
 * those of a job that could not be sent because of one of them.
 *
 * With `settled` or `retry` the code goes on after an item that fails. Otherwise the job fails with the item.
 */
export class ChunkRun {
  readonly #settings: ChunkSettings;
  readonly #deps: ChunkDeps;
  readonly #chunk: Chunk;
  /** The chunk's position among those of the map. */
  readonly number: number;
  readonly #first: number;
  readonly #goesOn: boolean;
  readonly #jobs = new Set<Job>();
  /** The results if the code does not go on; otherwise one for each item, with `flat` a list for each. */
  #results: ItemList = [];
  /** The reasons of items that have failed for good, by item. */
  readonly #failures = new Map<number, unknown>();
  #isOver = false;
  /** How long the first job took, in ms. */
  executionMs = 0;

  constructor(settings: ChunkSettings, deps: ChunkDeps, { number, first, ...chunk }: PlacedChunk) {
    this.#settings = settings;
    this.#deps = deps;
    this.#chunk = chunk;
    this.number = number;
    this.#first = first;
    this.#goesOn = settings.settled || settings.options.retry !== undefined;
  }

  /** Number of items. */
  get length(): number {
    return this.#chunk.items.length;
  }

  start(): void {
    if (!this.#goesOn || this.length > 1) this.#runAll();
    else {
      this.#results = this.#emptyResults();
      this.#runAlone(0);
    }
  }

  /** Cancels the chunk's jobs. It reports nothing more. */
  cancel(reason: string): void {
    this.#isOver = true;
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    for (const job of jobs) job.cancel(reason);
  }

  #runAll(): void {
    const { options } = this.#settings;
    const job = this.#jobOf(this.#chunk, this.#goesOn ? withOptions(options, { retry: undefined }) : options);
    this.#submit(
      job,
      (value) => {
        if (this.#goesOn) this.#take(value as ChunkOutcome, job);
        else this.#succeeded(value);
      },
      (error) => this.#allFailed(job, error),
    );
  }

  #succeeded(value: unknown): void {
    const { target } = this.#chunk;
    this.#results = (typeof target === 'object' ? target : value) as ItemList;
    this.#deps.itemsSettled(this.length);
    this.#end();
  }

  /** Takes the results of items that have returned, and deals with the others. */
  #take({ values, failures }: ChunkOutcome, job: Job): void {
    const { target } = this.#chunk;
    this.#results = (typeof target === 'object' ? target : values) as ItemList;
    const settled = this.length - failures.length;
    if (settled > 0) this.#deps.itemsSettled(settled);
    for (const { item, error } of failures) this.#itemFailed(item, this.#deps.decode(error), job);
    this.#endIfDone();
  }

  #allFailed(job: Job, error: unknown): void {
    if (isOfMap(job, error)) this.#fail(undefined, error);
    else if (!this.#goesOn) this.#fail(this.#itemOf(error), error);
    else {
      this.#results = this.#emptyResults();
      for (let item = 0; item < this.length && !this.#isOver; item++) {
        if (job.attempts === 0)
          this.#runAlone(item); // all but one or a few can be sent
        else this.#itemFailed(item, error, job);
      }
      this.#endIfDone();
    }
  }

  /** Returns which item has failed, as far as that is known. */
  #itemOf(error: unknown): number {
    const item = failedItemOf(error);
    if (item !== undefined) return item;
    const path = error instanceof NotCloneableError ? PATH_OF_ITEM.exec(error.path) : null;
    return path === null ? 0 : Number(path[1]);
  }

  #emptyResults(): ItemList {
    const { items, target } = this.#chunk;
    if (typeof target === 'object') return target;
    return target === 'same' ? (items as TypedArray).slice() : new Array<unknown>(this.length);
  }

  /** An attempt at an item has failed: another one follows, or the item is settled. */
  #itemFailed(item: number, error: unknown, job: Job): void {
    if (this.#isOver) return;
    const { attempts } = job;
    const last = attemptOf(job);
    const isThreadLost = error instanceof WorkerExitError;
    const delayMs = msToNextAttempt(this.#settings.options, { attempts, error, isThreadLost });
    if (this.#isOver) return; // `retryIf` may have ended the map
    if (delayMs === undefined || last === undefined) this.#settleFailed(item, error);
    else this.#runAlone(item, { attempts, last, error, delayMs });
  }

  #settleFailed(item: number, error: unknown): void {
    if (!this.#settings.settled) {
      this.#fail(item, error);
      return;
    }
    this.#failures.set(item, error);
    this.#deps.itemsSettled(1);
  }

  /** Runs an item by a job of its own, which is retried like any other. */
  #runAlone(item: number, after?: EndedAttempts & Pick<RetriedItem, 'error' | 'delayMs'>): void {
    const { options } = this.#settings;
    const delayed = after === undefined ? options : withOptions(options, { delayMs: after.delayMs });
    const job = this.#jobOf(this.#single(item), delayed);
    if (after !== undefined) {
      const { attempts, error, delayMs } = after;
      const { startedAt, executionMs, workerId } = after.last;
      continueFrom(job, after);
      this.#deps.retried(job, { error, attempt: attempts, delayMs, startedAt, executionMs, workerId });
    }
    this.#submit(
      job,
      (value) => {
        this.#setResult(item, value as ItemList | undefined);
        this.#deps.itemsSettled(1);
        this.#endIfDone();
      },
      (error) => {
        if (isOfMap(job, error)) this.#fail(undefined, error);
        else this.#settleFailed(item, error);
        this.#endIfDone();
      },
    );
  }

  /** @param value the list of the item's results; `undefined` if the worker has written it in place. */
  #setResult(item: number, value: ItemList | undefined): void {
    if (value === undefined) return;
    (this.#results as unknown[])[item] = this.#settings.flat ? value : value[0];
  }

  /** Returns the chunk of one of the items. */
  #single(item: number): Chunk {
    const { items, target } = this.#chunk;
    if (this.length === 1) return this.#chunk;
    if (target === undefined) return { items: [items[item]], target };
    const only = (items as TypedArray).subarray(item, item + 1);
    return target === 'same'
      ? { items: only.slice(), target }
      : { items: only, target: target.subarray(item, item + 1) };
  }

  #jobOf(chunk: Chunk, options: CheckedJobOptions): Job {
    const { task, flat, transferItems } = this.#settings;
    const mode = (this.#goesOn && chunk.items.length > 1 ? EachMode.GOES_ON : 0) + (flat ? EachMode.FLAT : 0);
    const { items, target } = chunk;
    const args = mode > 0 ? [items, target, mode] : target === undefined ? [items] : [items, target];
    const transfer = transferItems ? movable(items) : [];
    return new Job(task as unknown as Task, args, transfer.length === 0 ? options : withOptions(options, { transfer }));
  }

  #submit(job: Job, returned: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.#jobs.add(job);
    const ended = (then: () => void): void => {
      this.#jobs.delete(job);
      this.executionMs ||= job.executionMs;
      if (!this.#isOver) then();
    };
    job.then(
      (value) => ended(() => returned(value)),
      (error: unknown) => ended(() => failed(error)),
    );
    try {
      this.#deps.submit(job);
    } catch (error) {
      this.#jobs.delete(job);
      this.#fail(undefined, error); // the pool is shut down
    }
  }

  #endIfDone(): void {
    if (this.#jobs.size === 0 && !this.#isOver) this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#deps.chunkEnded(this, this.#settings.settled ? this.#settledItems() : this.#plainResults());
  }

  #plainResults(): ItemList {
    return this.#goesOn && this.#settings.flat ? flatten(this.#results as unknown as ItemList[]) : this.#results;
  }

  #settledItems(): SettledItem<unknown>[] {
    const all: SettledItem<unknown>[] = [];
    for (let item = 0; item < this.length; item++) {
      const value = this.#results[item];
      if (this.#failures.has(item))
        all.push({ status: 'rejected', reason: this.#failures.get(item), index: this.#first + item });
      else if (!this.#settings.flat) all.push({ status: 'fulfilled', value });
      else for (const each of value as unknown[]) all.push({ status: 'fulfilled', value: each });
    }
    return all;
  }

  #fail(item: number | undefined, error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.chunkFailed({ index: item === undefined ? undefined : this.#first + item, error });
  }
}

/**
 * Whether no item is to blame: the job was cancelled, or could not begin, and not because an item cannot be sent.
 */
function isOfMap(job: Job, error: unknown): boolean {
  const isOfItem = error instanceof NotCloneableError && !error.path.startsWith('options.');
  return job.state === 'CANCELLED' || (job.attempts === 0 && !isOfItem);
}

/** Returns the items that are buffers or views, unless they are shared memory. */
function movable(items: ItemList): Transferable[] {
  const all: Transferable[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (types.isArrayBuffer(ArrayBuffer.isView(item) ? item.buffer : item)) all.push(item as Transferable);
  }
  return all;
}
