import { EventEmitter } from 'node:events';
import { threadId, type Worker } from 'node:worker_threads';
import { setImmediate } from '../base/clock.js';
import type { WorkerInit } from '../wire/message/protocol.js';
import { type StartedWorker, startWorker } from '../worker/engine.js';
import type { CallNow } from '../worker/talk/talk.js';
import { callHere } from './call-here.js';

/**
 * Stands in for a thread: runs a worker's loop on the thread of its pool, in turns of the event loop. Values are cloned
 * as on the way to a thread. The loop is part of the library's bundle rather than loaded on demand, as some test
 * runners' loaders cannot load modules late.
 */
export class InlineThread extends EventEmitter {
  readonly threadId = threadId;
  #worker: StartedWorker | undefined;
  readonly #callNow: CallNow;
  #hasEnded = false;

  private constructor(callNow: CallNow) {
    super();
    this.#callNow = callNow;
  }

  /**
   * Returns an instance typed as the `Worker` that the pool expects.
   *
   * @param call calls a function of the pool by its name.
   */
  static create(call: CallNow): Worker {
    return new InlineThread(callHere(call)) as unknown as Worker;
  }

  /** Starts the worker, with the first and only message. */
  postMessage(init: WorkerInit): void {
    this.#worker = startWorker(init, { isInline: true, callNow: this.#callNow });
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
