import { EventEmitter } from 'node:events';
import { threadId, type Worker } from 'node:worker_threads';
import type { WorkerInit } from './protocol.js';
import { workerLocation } from './worker-location.js';

/** Tells the worker's entry, which a thread begins with, that it is only imported. */
const INLINE = '#inline';

/** What the worker's entry offers to a thread that is to run it inline. */
export interface InlineEntry {
  runInline(init: WorkerInit): { stop(): void };
}

/**
 * Stands for a thread and is none: runs a worker's loop on the thread of its pool, in turns of the event loop. Values are
 * cloned as on their way to a thread.
 */
export class InlineThread extends EventEmitter {
  readonly threadId = threadId;
  #loop: { stop(): void } | undefined;
  #hasEnded = false;

  /** One of these, as what the pool takes for a thread. */
  static create(): Worker {
    return new InlineThread() as unknown as Worker;
  }

  /** Begins: the first and only message. */
  postMessage(init: WorkerInit): void {
    this.#begin(init).catch((error: unknown) => {
      this.#hasEnded = true;
      this.emit('error', error);
      this.emit('exit', 1);
    });
  }

  terminate(): Promise<number> {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#loop?.stop();
      setImmediate(() => this.emit('exit', 1));
    }
    return Promise.resolve(1);
  }

  ref(): void {}

  unref(): void {}

  /** The entry is imported, not a part of this bundle: few programs run jobs inline. */
  async #begin(init: WorkerInit): Promise<void> {
    const url = `${workerLocation().href}${INLINE}`;
    const entry = (await import(/* webpackIgnore: true */ /* @vite-ignore */ url)) as InlineEntry;
    if (!this.#hasEnded) this.#loop = entry.runInline(init);
  }
}
