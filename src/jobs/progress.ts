import { bindContext } from '../base/async-context.js';
import type { ListenerQueue } from '../base/listener-queue.js';

interface Item<P> {
  readonly value: P | undefined;
  next: Item<P> | undefined;
}

// What the engine does with a stream. These are functions, so that user code that reads the stream cannot reach them.

/** Notes the first access: from now on every value is kept until it is read. */
export let accessProgress: <P>(stream: ProgressStream<P>) => void;
export let pushProgress: <P>(stream: ProgressStream<P>, value: P, listenerQueue: ListenerQueue) => void;
export let endProgress: (stream: ProgressStream<unknown>) => void;
/** Calls `listener` with each value from now on. Returns how to unregister it. */
export let listenToProgress: <P>(stream: ProgressStream<P>, listener: (value: P) => void) => () => void;
/** The value reported last; `undefined` before the first. */
export let latestProgress: <P>(stream: ProgressStream<P>) => P | undefined;
/** Whether the stream has ended. */
let isEnded: <P>(stream: ProgressStream<P>) => boolean;
/** Calls `notify` once, when there is a new value or the stream has ended. */
let onceChanged: <P>(stream: ProgressStream<P>, notify: () => void) => void;

/**
 * The values a job reports, in order. Complete from the first access on; before that only the latest value is kept. The
 * first iterator begins with the values kept, a later one with the next value.
 */
export class ProgressStream<P> implements AsyncIterable<P> {
  #last: Item<P> = { value: undefined, next: undefined };
  /** The item before those kept for the first iterator, which takes it over: items live only while they are unread. */
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
    latestProgress = (stream) => stream.#last.value;
    isEnded = (stream) => stream.#isEnded;
    onceChanged = (stream, notify) => void stream.#waiting.push(notify);
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
    const inContext = bindContext(listener);
    let isOn = true; // values queued before the listener is removed are not delivered after it
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
    for (const notify of waiting) notify();
  }
}

type Next<P> = IteratorResult<P, undefined>;

/** Reads the values one by one. (Not an async generator: `return` would wait until the next value.) */
class ProgressReader<P> implements AsyncIterableIterator<P, undefined> {
  readonly #stream: ProgressStream<P>;
  /** The last item read; `undefined` once the reader has returned. */
  #item: Item<P> | undefined;
  readonly #readers: ((next: Next<P>) => void)[] = [];

  constructor(stream: ProgressStream<P>, start: Item<P>) {
    this.#stream = stream;
    this.#item = start;
  }

  next(): Promise<Next<P>> {
    return new Promise((resolve) => {
      if (this.#readers.push(resolve) === 1) this.#serveReaders();
    });
  }

  return(): Promise<Next<P>> {
    this.#item = undefined;
    this.#serveReaders();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #serveReaders = (): void => {
    while (this.#readers.length > 0) {
      const next = this.#next();
      if (next === undefined) {
        onceChanged(this.#stream, this.#serveReaders);
        return;
      }
      this.#readers.shift()?.(next);
    }
  };

  /** Returns `undefined` if the next value is still to come. */
  #next(): Next<P> | undefined {
    const item = this.#item?.next;
    if (item !== undefined) {
      this.#item = item;
      return { value: item.value as P, done: false };
    }
    return this.#item === undefined || isEnded(this.#stream) ? { value: undefined, done: true } : undefined;
  }
}
