import { now } from '../../base/clock.js';
import { encodeError } from '../../wire/message/error-codec.js';
import { isMoved, movedValueOf, transferablesOf } from '../../wire/message/move.js';
import type { FromWorker } from '../../wire/message/protocol.js';
import type { ValueChannel } from '../../wire/message/value-channel.js';

type Post = (message: FromWorker) => void;

/** Reports the progress of the worker's hook to the main thread. */
export class HookReplies {
  readonly #post: Post;
  readonly #values: ValueChannel;

  constructor(post: Post, values: ValueChannel) {
    this.#post = post;
    this.#values = values;
  }

  begun(): void {
    this.#post({ kind: 'hook-begun', atMs: now() });
  }

  returned(value: unknown): void {
    try {
      this.#post({ kind: 'hook-returned', tag: this.#send(value), atMs: now() });
    } catch (error) {
      this.threw(error);
    }
  }

  threw(error: unknown): void {
    this.#post({ kind: 'hook-threw', error: encodeError(error), atMs: now() });
  }

  #send(value: unknown): number {
    if (!isMoved(value)) return this.#values.send(value, 'result');
    return this.#values.send(movedValueOf(value), 'result', transferablesOf(value));
  }
}
