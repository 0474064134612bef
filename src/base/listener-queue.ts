import { queueMicrotask } from './clock.js';
import { callListener } from './warn.js';

interface Call {
  readonly listener: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  readonly where: string;
}

/**
 * Defers calls of foreign code (event and progress listeners) until the library's state is consistent (I7): they run in
 * order, in a microtask, and may call back into the library.
 */
export class ListenerQueue {
  #calls: Call[] = [];
  #isScheduled = false;

  add<A extends readonly unknown[]>(listener: (...args: A) => unknown, args: A, where: string): void {
    this.#calls.push({ listener: listener as Call['listener'], args, where });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    while (this.#calls.length > 0) {
      const calls = this.#calls;
      this.#calls = [];
      for (const { listener, args, where } of calls) callListener(listener, args as never[], where);
    }
    this.#isScheduled = false;
  };
}
