import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { outsideRequests } from '../base/async-context.js';
import { setImmediate } from '../base/clock.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { Peer } from '../sync/sharing/registry.js';
import { encodeError, packReason } from '../wire/message/error-codec.js';
import type { FromWorker, ToWorker } from '../wire/message/protocol.js';
import { ValueChannel } from '../wire/message/value-channel.js';
import type { RunningJob } from './running-job.js';

/** The worker's end of its control port, which carries everything but jobs and their answers. */
export class PoolPort {
  /** The pool's thread as the registry of shared objects knows it. */
  readonly peer: Peer;
  /** Carries the values that messages refer to: arguments and results of hooks, results of children. */
  readonly values: ValueChannel;
  readonly #port: MessagePort;
  #handle: (message: ToWorker) => void = () => {};
  /** Messages that were taken before their turn, in order, each with the value that came before it. */
  #postponed: { readonly message: ToWorker; readonly restoreValue: () => void }[] = [];

  /** @param running names the job that has cancelled a token. */
  constructor(port: MessagePort, running: RunningJob) {
    this.#port = port;
    this.peer = {
      isOpen: true,
      sharesMemory: true,
      post: (message) =>
        this.post(message.kind === 'token-cancelled' ? { ...message, by: running.currentSeq } : message),
    };
    this.values = new ValueChannel((message, transfer) => this.post(message, transfer), this.peer);
  }

  post(message: FromWorker, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(packReason(message), transfer as Parameters<MessagePort['postMessage']>[1]);
  }

  /** Reports that the loop has failed by `fault`. */
  postBroken(fault: unknown): void {
    this.#port.postMessage({ kind: 'broken', error: encodeError(fault) } satisfies FromWorker);
  }

  /** Passes each message from the pool to `handle`, which must not throw. */
  listen(handle: (message: ToWorker) => void): void {
    this.#handle = handle;
    this.#port.on('message', (message: ToWorker) => {
      if (this.#postponed.length > 0) this.#handlePostponed();
      handle(message);
    });
    this.#port.on('messageerror', (cause: unknown) => this.values.failed(cause));
  }

  /** Takes the next message that has arrived but was not emitted yet. */
  take(): ToWorker | undefined {
    for (;;) {
      try {
        return (receiveMessageOnPort(this.#port) as { readonly message: ToWorker } | undefined)?.message;
      } catch (cause) {
        this.values.failed(cause); // it cannot be read: the message after it refers to it
      }
    }
  }

  /** Postpones a message that was taken: it is handled in the event loop, before any later one. */
  postpone(message: ToWorker): void {
    this.#postponed.push({ message, restoreValue: this.values.reclaim() });
    if (this.#postponed.length === 1) outsideRequests(setImmediate, () => this.#handlePostponed());
  }

  #handlePostponed(): void {
    const postponed = this.#postponed;
    this.#postponed = [];
    const restoreValue = this.values.reclaim(); // it may have come, and the message that refers to it not yet
    for (const { message, restoreValue: restoreItsValue } of postponed) {
      restoreItsValue();
      this.#handle(message);
    }
    restoreValue();
  }

  unref(): void {
    this.#port.unref();
  }

  close(): void {
    this.#port.close();
  }
}
