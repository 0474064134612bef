import type { MessagePort } from 'node:worker_threads';
import type { Transferable } from '../../sync/sharing/crossing.js';
import type { Peer } from '../../sync/sharing/registry.js';
import { PayloadPort } from './payload-port.js';
import type { ValueMessage } from './protocol.js';
import { unreadable } from './unreadable.js';

/** Carries values over a port that carries other messages, too. */
export class ValueChannel {
  readonly #payload: PayloadPort;
  #value: unknown;
  #fault: { readonly cause: unknown } | undefined;

  constructor(post: (message: ValueMessage, transfer?: readonly Transferable[]) => void, peer: Peer) {
    const port = {
      postMessage: (value: unknown, transfer?: readonly Transferable[]): void =>
        post({ kind: 'value', value }, transfer),
    };
    this.#payload = new PayloadPort(port as unknown as MessagePort, peer);
  }

  /** @throws {NotCloneableError} if the value cannot be cloned. */
  send(value: unknown, root: string, transfer?: readonly Transferable[]): number {
    return this.#payload.send(value, root, transfer);
  }

  receive(message: ValueMessage): void {
    this.#value = message.value;
    this.#fault = undefined;
  }

  /** A message could not be read: it was a value, as all others can be read. */
  failed(cause: unknown): void {
    this.#fault = { cause };
  }

  /** Takes back what came last, for a message that is handled later. Call the function that it returns right before that. */
  reclaim(): () => void {
    const value = this.#value;
    const fault = this.#fault;
    this.#value = undefined;
    this.#fault = undefined;
    return () => {
      this.#value = value;
      this.#fault = fault;
    };
  }

  /**
   * Returns the value that came last.
   *
   * @param path the name of the value in an error.
   * @throws {NotCloneableError} if the value could not be read.
   */
  take(tag: number, path: string): unknown {
    const value = this.#value;
    const fault = this.#fault;
    this.#value = undefined;
    this.#fault = undefined;
    if (fault !== undefined) throw unreadable(path, fault.cause);
    try {
      return this.#payload.open(value, tag);
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }
}
