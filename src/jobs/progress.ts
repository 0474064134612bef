import { inContextOfNow } from '../base/async-context.js';
import type { ListenerQueue } from '../base/listener-queue.js';

interface Item<P> {
  readonly value: P | undefined;
  next: Item<P> | undefined;
}

// What the engine does with a stream. As functions: who holds the stream, to read it, reaches none of them.

/** Somebody looks: from now on every value is kept until it is read. */
export let accessProgress: <P>(stream: ProgressStream<P>) => void;
export let pushProgress: <P>(stream: ProgressStream<P>, value: P, listenerQueue: ListenerQueue) => void;
export let endProgress: (stream: ProgressStream<unknown>) => void;
/** Calls `listener` with each value from now on. Answers how to take it off. */
export let listenToProgress: <P>(stream: ProgressStream<P>, listener: (value: P) => void) => () => void;
/** Whether no more comes. */
let isEnded: <P>(stream: ProgressStream<P>) => boolean;
/** Calls `look` once, when there is something new to look at. */
let wakes: <P>(stream: ProgressStream<P>, look: () => void) => void;

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

  static {
    accessProgress = (stream) => stream.#access();
    pushProgress = (stream, value, listenerQueue) => stream.#push(value, listenerQueue);
    endProgress = (stream) => stream.#end();
    listenToProgress = (stream, listener) => stream.#listen(listener);
    isEnded = (stream) => stream.#isEnded;
    wakes = (stream, look) => void stream.#waiting.push(look);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<P, undefined> {
    const start = this.#start ?? this.#last;
    this.#start = undefined;
    return new ProgressReader(this, start);
  }

  #access(): void {
    this.#isAccessed = true;
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #push(value: P, listenerQueue: ListenerQueue): void {
    const item: Item<P> = { value, next: undefined };
    if (!this.#isAccessed) this.#start = this.#last;
    this.#last.next = item;
    this.#last = item;
    for (const listener of this.#listeners) listenerQueue.add(listener, [value], 'onProgress');
    this.#wake();
  }

  #listen(listener: (value: P) => void): () => void {
    const inContext = inContextOfNow(listener);
    let isOn = true; // what had arrived before it was taken off is not told any more
    const own = (value: P): void => {
      if (isOn) inContext(value);
    };
    this.#listeners.add(own);
    return () => {
      isOn = false;
      this.#listeners.delete(own);
    };
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }
}

type Next<P> = IteratorResult<P, undefined>;

/** Reads the values, one by one. (Not an async generator: one that waits for a value could not be left.) */
class ProgressReader<P> implements AsyncIterableIterator<P, undefined> {
  readonly #stream: ProgressStream<P>;
  /** The last item that was read; `undefined` once the reader has left. */
  #item: Item<P> | undefined;
  readonly #readers: ((next: Next<P>) => void)[] = [];

  constructor(stream: ProgressStream<P>, start: Item<P>) {
    this.#stream = stream;
    this.#item = start;
  }

  next(): Promise<Next<P>> {
    return new Promise((resolve) => {
      if (this.#readers.push(resolve) === 1) this.#look();
    });
  }

  return(): Promise<Next<P>> {
    this.#item = undefined;
    this.#look();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #look = (): void => {
    while (this.#readers.length > 0) {
      const next = this.#next();
      if (next === undefined) {
        wakes(this.#stream, this.#look);
        return;
      }
      this.#readers.shift()?.(next);
    }
  };

  /** `undefined` where it is to come. */
  #next(): Next<P> | undefined {
    const item = this.#item?.next;
    if (item !== undefined) {
      this.#item = item;
      return { value: item.value as P, done: false };
    }
    return this.#item === undefined || isEnded(this.#stream) ? { value: undefined, done: true } : undefined;
  }
}
