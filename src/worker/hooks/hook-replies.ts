import { now } from '../../base/clock.js';
import { encodeError } from '../../wire/message/error-codec.js';
import { isMoved, movedValueOf, transferablesOf } from '../../wire/message/move.js';
import type { FromWorker } from '../../wire/message/protocol.js';
import type { Output } from '../output.js';
import type { PoolPort } from '../pool-port.js';

export interface HookRepliesDeps {
  readonly port: PoolPort;
  readonly output: Output;
  /** The hook has ended, and its outcome was sent to the pool. */
  ended(outcome: 'returned' | 'threw'): void;
}

/** Reports the progress of the worker's hook to the main thread. */
export class HookReplies {
  readonly #deps: HookRepliesDeps;

  constructor(deps: HookRepliesDeps) {
    this.#deps = deps;
  }

  begun(): void {
    this.#post({ kind: 'hook-begun', atMs: now() });
  }

  returned(value: unknown): void {
    try {
      this.#post({ kind: 'hook-returned', tag: this.#send(value), atMs: now() });
    } catch (error) {
      this.threw(error);
      return;
    }
    this.#deps.ended('returned');
  }

  threw(error: unknown): void {
    this.#post({ kind: 'hook-threw', error: encodeError(error), atMs: now() });
    this.#deps.ended('threw');
  }

  #post(message: FromWorker): void {
    const { port, output } = this.#deps;
    output.show(); // before the pool learns that the hook has ended
    port.post(message);
  }

  #send(value: unknown): number {
    const { values } = this.#deps.port;
    if (!isMoved(value)) return values.send(value, 'result');
    return values.send(movedValueOf(value), 'result', transferablesOf(value));
  }
}
