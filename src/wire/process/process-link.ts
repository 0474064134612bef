import type { MessagePort } from 'node:worker_threads';
import type { Peer } from '../../sync/sharing/registry.js';
import { type ErrorRecord, encodeError } from '../message/error-codec.js';
import { PayloadPort } from '../message/payload-port.js';
import { unreadable } from '../message/unreadable.js';
import { fromBytes, hasPlatformObject, toBytes } from './process-bytes.js';
import type { Packed } from './process-protocol.js';

/** Like `encodeError`, for another process. */
export function encodeForProcess(thrown: unknown): ErrorRecord {
  return encodeError(thrown, (value) => fromBytes(toBytes(value)));
}

/** Packs values for another process, with which no memory is shared. */
export class ProcessLink {
  readonly #payload: PayloadPort;
  #bytes: Uint8Array = new Uint8Array();

  constructor(peer: Peer) {
    const port = {
      postMessage: (value: unknown): void => {
        if (hasPlatformObject(value)) throw new Error('An object of the platform cannot be cloned to another process');
        this.#bytes = toBytes(value);
      },
    };
    this.#payload = new PayloadPort(port as unknown as MessagePort, peer);
  }

  /**
   * @param root the beginning of paths in errors.
   * @throws {NotCloneableError} if the value cannot be cloned to a process.
   */
  pack(value: unknown, root: string): Packed {
    const tag = this.#payload.send(value, root);
    return { bytes: this.#bytes, tag };
  }

  /**
   * @param root the name of the value in errors.
   * @throws {NotCloneableError} if the value cannot be read here.
   */
  unpack({ bytes, tag }: Packed, root: string): unknown {
    try {
      return this.#payload.open(fromBytes(bytes), tag);
    } catch (cause) {
      throw unreadable(root, cause);
    }
  }
}
