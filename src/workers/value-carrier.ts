import type { MessagePort } from 'node:worker_threads';
import type { Transferable } from '../sync/crossing.js';
import type { Carrier } from '../sync/exchange.js';
import { PayloadPort } from './envelope.js';
import type { ValueMessage } from './protocol.js';

/** Carries values over a port that has other messages, too. */
export class ValueCarrier {
  readonly #payload: PayloadPort;
  #value: unknown;

  constructor(post: (message: ValueMessage, transfer?: readonly Transferable[]) => void, carrier: Carrier) {
    const port = {
      postMessage: (value: unknown, transfer?: readonly Transferable[]): void =>
        post({ kind: 'value', value }, transfer),
    };
    this.#payload = new PayloadPort(port as unknown as MessagePort, carrier);
  }

  /** @throws {NotCloneableError} */
  send(value: unknown, root: string, transfer?: readonly Transferable[]): number {
    return this.#payload.send(value, root, transfer);
  }

  arrived(message: ValueMessage): void {
    this.#value = message.value;
  }

  take(tag: number): unknown {
    const value = this.#payload.open(this.#value, tag);
    this.#value = undefined;
    return value;
  }
}
