import { EventEmitter } from 'node:events';
import { threadId, type Worker } from 'node:worker_threads';
import { setImmediate } from '../base/clock.js';
import type { WorkerInit } from '../wire/message/protocol.js';
import { type StartedWorker, startWorker } from '../worker/engine.js';

/**
 * Stands for a thread and is none: runs a worker's loop on the thread of its pool, in turns of the event loop. Values are
 * cloned as on their way to a thread. The loop is a part of the library's bundle, not loaded when a pool is made: test
 * runners have loaders of their own, and some cannot load anything late.
 */
export class InlineThread extends EventEmitter {
  readonly threadId = threadId;
  #worker: StartedWorker | undefined;
  #hasEnded = false;

  /** One of these, as what the pool takes for a thread. */
  static create(): Worker {
    return new InlineThread() as unknown as Worker;
  }

  /** Begins: the first and only message. */
  postMessage(init: WorkerInit): void {
    this.#worker = startWorker(init, { isInline: true });
  }

  terminate(): Promise<number> {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#worker?.stop();
      setImmediate(() => this.emit('exit', 1));
    }
    return Promise.resolve(1);
  }

  ref(): void {}

  unref(): void {}
}
