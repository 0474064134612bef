import { wrongType } from '../../base/check/argument-errors.js';
import { setImmediate } from '../../base/clock.js';
import { race } from '../../base/promises.js';
import { describe } from '../../errors.js';
import { type Chunk, chunkOf, flatten, type ItemList, type ItemSource, MOST_COPIED } from './item-source.js';

export class IteratorSource implements ItemSource {
  readonly length = undefined;
  readonly most = MOST_COPIED;
  readonly #iterator: Iterator<unknown>;
  /** Whether the iterator has ended or failed: neither `next` nor `return` is called any more. */
  #isOver = false;

  constructor(iterator: Iterator<unknown>) {
    this.#iterator = iterator;
  }

  read(max: number): Chunk | undefined {
    const items: unknown[] = [];
    while (items.length < max && !this.#isOver) {
      this.#isOver = true;
      const step = checkStep(this.#iterator.next());
      this.#isOver = Boolean(step.done);
      if (!this.#isOver) items.push(step.value);
    }
    return items.length === 0 ? undefined : chunkOf(items);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#iterator.return?.();
    } catch {
      // errors are ignored: nobody waits for the iterator any more
    }
  }

  collect(parts: readonly ItemList[]): unknown[] {
    return flatten(parts);
  }
}

/** Batches items that come without a wait. Those of a slow source are passed on one by one, as they come. */
export class AsyncSource implements ItemSource {
  readonly length = undefined;
  readonly most = MOST_COPIED;
  readonly #iterator: AsyncIterator<unknown>;
  /** The item that was requested but had not arrived when the last chunk was passed on. */
  #pending: Promise<IteratorResult<unknown>> | undefined;
  /** Whether the iterator has ended or failed: neither `next` nor `return` is called any more. */
  #isOver = false;

  constructor(iterator: AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  async read(max: number): Promise<Chunk | undefined> {
    const items: unknown[] = [];
    while (items.length < max && !this.#isOver) {
      this.#pending ??= this.#next();
      const step = await (items.length === 0 ? this.#pending : race(this.#pending, nextTurn()));
      if (step === NOT_YET) break;
      this.#pending = undefined;
      this.#isOver = Boolean(step.done);
      if (!this.#isOver) items.push(step.value);
    }
    return items.length === 0 ? undefined : chunkOf(items);
  }

  async #next(): Promise<IteratorResult<unknown>> {
    try {
      return checkStep(await this.#iterator.next());
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  close(): void {
    this.#pending?.catch(() => {});
    if (this.#isOver) return;
    this.#isOver = true;
    // errors are ignored: nobody waits for the iterator any more
    void (async () => this.#iterator.return?.())().catch(() => {});
  }

  collect(parts: readonly ItemList[]): unknown[] {
    return flatten(parts);
  }
}

const NOT_YET = Symbol('not yet');

function nextTurn(): Promise<typeof NOT_YET> {
  return new Promise((resolve) => setImmediate(() => resolve(NOT_YET)));
}

/** Checks the result of `next`, as `for … of` does. */
function checkStep(step: IteratorResult<unknown>): IteratorResult<unknown> {
  if (typeof step === 'object' && step !== null) return step;
  throw wrongType('read the items of a map', 'next() must give an object', describe(step));
}
