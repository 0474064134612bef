import { decodeError } from '../wire/message/error-codec.js';
import type { BELL, ChoreAnswer, FromWorker, ToWorker } from '../wire/message/protocol.js';
import type { ValueCarrier } from '../wire/message/value-channel.js';
import type { Chore, ChoreEnd } from './hook.js';
import type { ThreadExit } from './thread-exit.js';

/** What the line asks of the worker whose it is. */
export interface ChoreHost {
  /** Carries arguments and results. */
  readonly values: ValueCarrier;
  tell(message: ToWorker): void;
  /** All have ended. */
  choresEnded(): void;
}

/** The chores of a worker, as the main thread sees them: they run one after the other, in the order of their coming. */
export class ChoreLine {
  readonly #host: ChoreHost;
  /** The first is under way, while the line is open. */
  readonly #line: Chore[] = [];
  #hasBegun = false;
  /** `early`: the thread is not up yet; it is sent its chores all the same, and runs them one after the other. */
  #state: 'early' | 'open' | 'closed' = 'early';

  constructor(host: ChoreHost) {
    this.#host = host;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isEmpty(): boolean {
    return this.#line.length === 0;
  }

  /** The thread is up. */
  open(): void {
    this.#state = 'open';
    if (this.isEmpty) this.#host.choresEnded();
  }

  /** The thread is being ended: no further one is sent. */
  close(): void {
    this.#state = 'closed';
  }

  add(chore: Chore): void {
    this.#line.push(chore);
    if (this.#state !== 'closed') this.#send(chore);
  }

  /** What the thread says of the one under way. */
  hear(message: ChoreAnswer): void {
    const { values } = this.#host;
    switch (message.kind) {
      case 'value':
        values.arrived(message);
        break;
      case 'chore-begun':
        this.#hasBegun = true;
        this.#line[0]?.begun?.();
        break;
      case 'chore-returned':
        this.#ended(this.#line[0], this.#take(message.tag));
        break;
      case 'chore-threw':
        this.#ended(this.#line[0], { error: decodeError(message.error) });
        break;
    }
  }

  /** The thread is gone, and all that it has said was heard: gives the rest up. */
  abandon(exit: ThreadExit): void {
    this.#state = 'closed';
    for (const [index, chore] of this.#line.splice(0).entries()) chore.lost(exit, index === 0 && this.#hasBegun);
  }

  #take(tag: number): ChoreEnd {
    try {
      return { value: this.#host.values.take(tag, 'result') };
    } catch (error) {
      return { error };
    }
  }

  #ended(chore: Chore | undefined, end: ChoreEnd): void {
    if (chore === undefined) return;
    if (chore === this.#line[0]) this.#hasBegun = false;
    this.#line.splice(this.#line.indexOf(chore), 1);
    chore.ended(end);
    if (this.isOpen && this.isEmpty) this.#host.choresEnded();
  }

  #send(chore: Chore): void {
    try {
      const { values } = this.#host;
      const tag = values.send(chore.args, chore.argsName);
      this.#host.tell({ kind: 'chore', task: chore.task.origin, tag, isAsked: chore.isAsked });
    } catch (error) {
      this.#ended(chore, { error });
    }
  }
}

export function isChoreAnswer(message: Exclude<FromWorker, typeof BELL>): message is ChoreAnswer {
  return message.kind === 'value' || message.kind.startsWith('chore-');
}
