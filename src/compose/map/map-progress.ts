import { bindContext } from '../../base/async-context.js';
import { ListenerQueue } from '../../base/listener-queue.js';

/** Called with how many items have settled, and of how many, if their number is known. */
export type MapProgressListener = (settledCount: number, total: number | undefined) => void;

/** Counts the items of a map that have settled. */
export class MapProgress {
  readonly #total: number | undefined;
  readonly #listeners = new Set<MapProgressListener>();
  readonly #queue = new ListenerQueue();
  #count = 0;

  constructor(total: number | undefined) {
    this.#total = total;
  }

  get count(): number {
    return this.#count;
  }

  add(count: number): void {
    this.#count += count;
    for (const listener of this.#listeners) this.#queue.add(listener, [this.#count, this.#total], 'onProgress');
  }

  /** Calls `listener`, in the present async context, at each change from now on. Returns how to unregister it. */
  listen(listener: MapProgressListener): () => void {
    const inContext = bindContext(listener);
    let isOn = true; // what was queued before the listener is removed is not delivered after it
    const own: MapProgressListener = (count, total) => {
      if (isOn) inContext(count, total);
    };
    this.#listeners.add(own);
    return () => {
      isOn = false;
      this.#listeners.delete(own);
    };
  }
}
