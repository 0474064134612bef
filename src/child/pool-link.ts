import { queueMicrotask } from '../base/clock.js';
import type { CodeEnd } from '../contract/code-end.js';
import type { Printed } from '../contract/printed.js';
import type { Peer, RegistryMessage } from '../sync/sharing/registry.js';
import { packReason } from '../wire/message/error-codec.js';
import { toBytes } from '../wire/process/process-bytes.js';
import { encodeForProcess, ProcessLink } from '../wire/process/process-link.js';
import type { FromProcess, Packed } from '../wire/process/process-protocol.js';

/** A child process's way to the process of its pool: sends messages, and packs the values that are in them. */
export class PoolLink implements Peer {
  readonly isOpen = true;
  readonly sharesMemory = false;
  readonly #link = new ProcessLink(this);
  /** Run of the call whose code cancels a token at this moment. */
  #by: number | undefined;
  /** Output that was not sent yet: one message takes what is read at once. */
  #printed: Printed[] = [];

  post(message: RegistryMessage): void {
    this.send({ kind: 'registry', message: packReason(message, encodeForProcess), by: this.#by });
  }

  /** Runs `act`, and attributes the messages that it sends to the code of that run. */
  attributing(run: number | undefined, act: () => void): void {
    this.#by = run;
    act();
    this.#by = undefined;
  }

  /** @param sent called when the message was handed to the system, or could not be. */
  send(message: FromProcess, sent: () => void = () => {}): void {
    this.#sendPrinted(); // output goes before the messages that follow it
    if (process.connected) process.send?.(toBytes(message), sent);
  }

  /** Output is printed by the process of the pool, where the pool's user may read it. */
  print(printed: readonly Printed[]): void {
    if (this.#printed.length === 0) queueMicrotask(this.#sendPrinted);
    this.#printed.push(...printed);
  }

  /**
   * @param root how the path in an error begins.
   * @throws {NotCloneableError} if the value cannot be cloned to a process.
   */
  pack(value: unknown, root: string): Packed {
    return this.#link.pack(value, root);
  }

  /**
   * @param root how the path in an error begins.
   * @throws {NotCloneableError} if the value cannot be read here.
   */
  unpack(packed: Packed, root: string): unknown {
    return this.#link.unpack(packed, root);
  }

  /** Like `unpack`, but returns what it throws. */
  tryUnpack(packed: Packed, root: string): CodeEnd {
    try {
      return { value: this.#link.unpack(packed, root) };
    } catch (error) {
      return { error };
    }
  }

  readonly #sendPrinted = (): void => {
    if (this.#printed.length === 0) return;
    const printed = this.#printed;
    this.#printed = [];
    this.send({ kind: 'printed', printed });
  };
}
