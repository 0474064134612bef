import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { Peer } from '../sync/sharing/registry.js';
import { encodeError, packReason } from '../wire/message/error-codec.js';
import type { FromWorker, ToWorker } from '../wire/message/protocol.js';
import { ValueChannel } from '../wire/message/value-channel.js';

/** The worker's end of its control port, which carries everything but jobs and their answers. */
export class PoolPort {
  /** The pool's thread as the registry of shared objects knows it. */
  readonly peer: Peer;
  /** Carries the values that messages refer to: arguments and results of hooks, results of children. */
  readonly values: ValueChannel;
  readonly #port: MessagePort;

  /** @param currentSeq returns the sequence number of the job whose code runs. */
  constructor(port: MessagePort, currentSeq: () => number | undefined) {
    this.#port = port;
    this.peer = {
      isOpen: true,
      sharesMemory: true,
      tell: (message) => this.post(message.kind === 'token-cancelled' ? { ...message, by: currentSeq() } : message),
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

  listen(onMessage: (message: ToWorker) => void): void {
    this.#port.on('message', onMessage);
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

  unref(): void {
    this.#port.unref();
  }

  close(): void {
    this.#port.close();
  }
}
