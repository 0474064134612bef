import type { TaskDefinition } from '../contract/task-origin.js';
import { decodeError } from '../wire/message/error-codec.js';
import type { DOORBELL, FromWorker, HookReply, ToWorker } from '../wire/message/protocol.js';
import type { ValueChannel } from '../wire/message/value-channel.js';
import type { ThreadExit } from './thread-exit.js';

/** What the line asks of the worker whose it is. */
export interface HookDeps {
  /** Carries arguments and results. */
  readonly values: ValueChannel;
  tell(message: ToWorker): void;
  /** All have ended. */
  hooksEnded(): void;
}

/** The hooks of a worker, as the main thread sees them: they run one after the other, in the order of their coming. */
export class HookQueue {
  readonly #host: HookDeps;
  /** The first is under way, while the line is open. */
  readonly #line: Hook[] = [];
  #hasBegun = false;
  /** `early`: the thread is not up yet; it is sent its hooks all the same, and runs them one after the other. */
  #state: 'early' | 'open' | 'closed' = 'early';

  constructor(host: HookDeps) {
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
    if (this.isEmpty) this.#host.hooksEnded();
  }

  /** The thread is being ended: no further one is sent. */
  close(): void {
    this.#state = 'closed';
  }

  add(hook: Hook): void {
    this.#line.push(hook);
    if (this.#state !== 'closed') this.#send(hook);
  }

  /** What the thread says of the one under way. */
  hear(message: HookReply): void {
    const { values } = this.#host;
    switch (message.kind) {
      case 'value':
        values.arrived(message);
        break;
      case 'hook-begun':
        this.#hasBegun = true;
        this.#line[0]?.begun?.();
        break;
      case 'hook-returned':
        this.#ended(this.#line[0], this.#take(message.tag));
        break;
      case 'hook-threw':
        this.#ended(this.#line[0], { error: decodeError(message.error) });
        break;
    }
  }

  /** The thread is gone, and all that it has said was heard: gives the rest up. */
  abandon(exit: ThreadExit): void {
    this.#state = 'closed';
    for (const [index, hook] of this.#line.splice(0).entries()) hook.lost(exit, index === 0 && this.#hasBegun);
  }

  #take(tag: number): HookEnd {
    try {
      return { value: this.#host.values.take(tag, 'result') };
    } catch (error) {
      return { error };
    }
  }

  #ended(hook: Hook | undefined, end: HookEnd): void {
    if (hook === undefined) return;
    if (hook === this.#line[0]) this.#hasBegun = false;
    this.#line.splice(this.#line.indexOf(hook), 1);
    hook.ended(end);
    if (this.isOpen && this.isEmpty) this.#host.hooksEnded();
  }

  #send(hook: Hook): void {
    try {
      const { values } = this.#host;
      const tag = values.send(hook.args, hook.argsName);
      this.#host.tell({ kind: 'hook', task: hook.task.origin, tag, isAsked: hook.isAsked });
    } catch (error) {
      this.#ended(hook, { error });
    }
  }
}

export function isHookReply(message: Exclude<FromWorker, typeof DOORBELL>): message is HookReply {
  return message.kind === 'value' || message.kind.startsWith('hook-');
}

/** How the code of a hook ended. */
export type HookEnd = { readonly value: unknown } | { readonly error: unknown };

/** A call of a task that is no job: a worker's setup, a broadcast, its teardown. */
export interface Hook {
  readonly task: { readonly origin: TaskDefinition };
  readonly args: readonly unknown[];
  /** How the path begins that tells which argument cannot be cloned. */
  readonly argsName: string;
  /** Whether anybody asks for what it returns: else that need not be one that can cross. */
  readonly isAsked: boolean;
  /** Its code begins. */
  readonly begun?: () => void;
  /** Its code has ended, or there was none to run. */
  readonly ended: (end: HookEnd) => void;
  /** Its worker is gone. */
  readonly lost: (exit: ThreadExit, hasBegun: boolean) => void;
}
