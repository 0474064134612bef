import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ProfileStep, ThreadProfile } from '../contract/thread-profile.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { Peer, RegistryMessage } from '../sync/sharing/registry.js';
import { Control } from '../wire/lane/layout.js';
import { packReason } from '../wire/message/error-codec.js';
import { DOORBELL, type FromWorker, type ToWorker } from '../wire/message/protocol.js';
import { ValueChannel } from '../wire/message/value-channel.js';

/** This side's end of a worker's control port, which carries everything but jobs and their answers. */
export class ControlPort {
  /** Carries the values that messages refer to. */
  readonly values: ValueChannel;
  readonly #port: MessagePort;
  readonly #words: Int32Array;
  readonly #peer: Peer;
  /** Whether the worker has replied to the last `ping`. */
  hasReplied = false;
  #replied = (): void => {};
  /** Resolves the `profile` calls that the child process has not replied to, oldest first. */
  readonly #profiles: ((profile: ThreadProfile | undefined) => void)[] = [];

  /**
   * @param words the control words of the worker's memory.
   * @param peer the worker as the registry of shared objects knows it.
   */
  constructor(port: MessagePort, words: Int32Array, peer: Peer) {
    this.#port = port;
    this.#words = words;
    this.#peer = peer;
    this.values = new ValueChannel((message, transfer) => this.post(message, transfer), peer);
  }

  post(message: RegistryMessage | ToWorker, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(packReason(message), transfer as Parameters<MessagePort['postMessage']>[1]);
  }

  postIfOpen(message: ToWorker): void {
    if (this.#peer.isOpen) this.post(message);
  }

  /** Sends a message, and wakes a worker that lingers, blocked until a job arrives, so that its event loop reads it. */
  postAndWake(message: ToWorker): void {
    this.post(message);
    Atomics.notify(this.#words, Control.REQUEST_TAIL, 1);
  }

  /** Wakes the worker's event loop. */
  ring(): void {
    this.#port.postMessage(DOORBELL);
  }

  /** Asks whether the event loop turns in which the worker's jobs run. The reply sets `hasReplied` and calls `replied`. */
  ping(replied: () => void): void {
    this.hasReplied = false;
    this.#replied = replied;
    this.post({ kind: 'ping' });
  }

  ponged(): void {
    this.hasReplied = true;
    this.#replied();
  }

  /** Has the child process profile the thread that runs its jobs. Resolves when that begins, or with the profile. */
  profile(step: ProfileStep): Promise<ThreadProfile | undefined> {
    if (!this.#peer.isOpen) return Promise.resolve(undefined);
    this.post({ kind: 'profile', step });
    return new Promise((resolve) => this.#profiles.push(resolve));
  }

  profiled(profile: ThreadProfile | undefined): void {
    this.#profiles.shift()?.(profile);
  }

  listen(onMessage: (message: FromWorker) => void): void {
    this.#port.on('message', onMessage);
    this.#port.on('messageerror', (cause: unknown) => this.values.failed(cause));
    this.#port.unref();
  }

  /** Takes the next message that has arrived but was not emitted yet. */
  take(): FromWorker | undefined {
    for (;;) {
      try {
        return (receiveMessageOnPort(this.#port) as { readonly message: FromWorker } | undefined)?.message;
      } catch (cause) {
        this.values.failed(cause); // it cannot be read: the message after it refers to it
      }
    }
  }

  /** The worker is gone: gives up what it has not replied to. */
  close(): void {
    for (const resolve of this.#profiles.splice(0)) resolve(undefined);
    this.#port.close();
  }
}
