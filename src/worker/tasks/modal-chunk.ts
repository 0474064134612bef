import { packed } from '../../base/packed-numbers.js';
import type { CurrentJob } from '../../contract/current-job.js';
import { EachMode, type FailedItem } from '../../contract/each-mode.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { chunkOutcome } from '../../wire/message/chunk-outcome.js';
import { encodeError } from '../../wire/message/error-codec.js';
import { ItemFailure } from '../../wire/message/item-failure.js';
import { move } from '../../wire/message/move.js';
import { explainMissingName } from './closure-hint.js';
import { isThenable, iteratorOf } from './generator-task.js';
import { CHECK_EVERY, drivenValue, listFor, type MutableList, type Target, unwrap } from './item-results.js';
import type { KnownTask, TaskCode } from './known-task.js';

interface ModalCall {
  readonly code: TaskCode;
  readonly task: KnownTask;
  readonly items: MutableList;
  readonly target: Target;
  /** A sum of `EachMode`. */
  readonly mode: number;
}

/** Calls a task for each item of a list in a mode of `EachMode`. */
export class ModalChunk {
  readonly #job: CurrentJob;
  readonly #call: ModalCall;
  readonly #goesOn: boolean;
  readonly #isFlat: boolean;
  readonly #results: MutableList;
  readonly #failures: FailedItem[] = [];

  constructor(job: CurrentJob, call: ModalCall) {
    this.#job = job;
    this.#call = call;
    this.#goesOn = (call.mode & EachMode.GOES_ON) !== 0;
    this.#isFlat = (call.mode & EachMode.FLAT) !== 0;
    this.#results = this.#isFlat ? new Array<unknown>(call.items.length) : listFor(call.items, call.target);
  }

  /** Returns the results, or a promise of them. */
  run(): unknown {
    const { length } = this.#call.items;
    for (let i = 0; i < length; i++) {
      if (i % CHECK_EVERY === 0) this.#job.throwIfCancelled();
      try {
        const value = this.#valueOf(i);
        if (isThenable(value)) return this.#awaitFrom(i, value);
        this.#results[i] = value;
      } catch (error) {
        this.#failed(i, error);
      }
    }
    return this.#finished();
  }

  async #awaitFrom(from: number, first: PromiseLike<unknown>): Promise<unknown> {
    const { length } = this.#call.items;
    for (let i = from; i < length; i++) {
      if (i > from) this.#job.throwIfCancelled();
      try {
        this.#results[i] = await (i === from ? first : this.#valueOf(i));
      } catch (error) {
        this.#failed(i, error);
      }
    }
    return this.#finished();
  }

  /** Returns the result of an item, with `FLAT` the list of its results; or a promise of it. */
  #valueOf(item: number): unknown {
    const { code, items } = this.#call;
    const value = code.call(this.#job, items[item]) as unknown;
    return this.#isFlat ? this.#resultsIn(value) : drivenValue(this.#job, value);
  }

  #resultsIn(value: unknown): unknown {
    if (Array.isArray(value)) return value;
    if (typeof value !== 'object' || value === null) return [value];
    if (iteratorOf(value) !== undefined)
      return Symbol.iterator in value
        ? this.#yieldedBy(value as Iterable<unknown>)
        : this.#yieldedByAsync(value as AsyncIterable<unknown>);
    return isThenable(value) ? this.#awaited(value) : [value];
  }

  async #awaited(value: PromiseLike<unknown>): Promise<unknown> {
    return this.#resultsIn(await value);
  }

  /** A cancelled job's generator ends at its `yield`. */
  #yieldedBy(values: Iterable<unknown>): unknown[] {
    const all: unknown[] = [];
    for (const value of values) {
      this.#job.throwIfCancelled();
      all.push(value);
    }
    return all;
  }

  async #yieldedByAsync(values: AsyncIterable<unknown>): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const value of values) {
      this.#job.throwIfCancelled();
      all.push(value);
    }
    return all;
  }

  /** Goes on after a failure, unless the job is to stop. */
  #failed(item: number, error: unknown): void {
    if (!this.#goesOn || this.#job.token.isCancelled) throw new ItemFailure(item, error);
    explainMissingName(this.#call.task, error);
    this.#failures.push({ item, error: encodeError(error) });
    this.#results[item] = undefined;
  }

  /** Returns what is sent back. */
  #finished(): unknown {
    const results = this.#goesOn || !this.#isFlat ? this.#results : (this.#results as unknown as unknown[][]).flat();
    const moved: Transferable[] = [];
    const { target } = this.#call;
    if (target === undefined) {
      if (this.#isFlat && this.#goesOn)
        for (let i = 0; i < results.length; i++) unwrap((results[i] ?? []) as MutableList, moved);
      else unwrap(results as MutableList, moved);
    }
    const isGiven = typeof target === 'object';
    const list = target === undefined ? packed(results) : isGiven ? undefined : results;
    const sent = this.#goesOn ? chunkOutcome(list, this.#failures) : list;
    return moved.length === 0 ? sent : move(sent, moved);
  }
}
