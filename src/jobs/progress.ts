import { inContextOfNow } from '../base/async-context.js';
import type { Outbox } from '../sync/outbox.js';

interface Item<P> {
  readonly value: P | undefined;
  next: Item<P> | undefined;
}

/**
 * What a job reports, in order. Complete from the first access on; before that only the latest value is kept. The first
 * iterator begins with what was kept, a later one with what comes after it was made.
 */
export class ProgressStream<P> implements AsyncIterable<P> {
  #last: Item<P> = { value: undefined, next: undefined };
  /** The item before those kept for the first iterator; it takes them along, so that they live as long as it reads. */
  #start: Item<P> | undefined = this.#last;
  #isAccessed = false;
  #isEnded = false;
  readonly #listeners = new Set<(value: P) => void>();
  #waiting: (() => void)[] = [];

  /** Somebody looks: from now on every value is kept until it is read. */
  access(): this {
    this.#isAccessed = true;
    return this;
  }

  push(value: P, outbox: Outbox): void {
    const item: Item<P> = { value, next: undefined };
    if (!this.#isAccessed) this.#start = this.#last;
    this.#last.next = item;
    this.#last = item;
    for (const listener of this.#listeners) outbox.add(listener, [value], 'onProgress');
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  listen(listener: (value: P) => void): () => void {
    const own = inContextOfNow(listener); // a function of its own: the same function registered twice is called twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  [Symbol.asyncIterator](): AsyncGenerator<P, void, undefined> {
    const start = this.#start ?? this.#last;
    this.#start = undefined;
    return this.#read(start);
  }

  async *#read(start: Item<P>): AsyncGenerator<P, void, undefined> {
    for (let item = start; ; ) {
      if (item.next !== undefined) {
        item = item.next;
        yield item.value as P;
      } else if (this.#isEnded) return;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
