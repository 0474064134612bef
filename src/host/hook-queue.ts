import { now } from '../base/clock.js';
import type { CodeEnd } from '../contract/code-end.js';
import type { TaskDefinition } from '../contract/task-definition.js';
import { decodeError } from '../wire/message/error-codec.js';
import type { DOORBELL, FromWorker, HookReply, ToWorker } from '../wire/message/protocol.js';
import type { ValueChannel } from '../wire/message/value-channel.js';
import type { ThreadExit } from './thread-exit.js';

/** What the queue needs from its worker. */
export interface HookQueueDeps {
  /** Carries arguments and results. */
  readonly values: ValueChannel;
  post(message: ToWorker): void;
  /** All hooks have ended. */
  hooksEnded(): void;
}

/** The hooks of a worker as the pool's thread sees them: they run one after the other, in the order in which they were added. */
export class HookQueue {
  readonly #deps: HookQueueDeps;
  /** In order. The first has been sent to the thread, unless the queue is closed. */
  readonly #hooks: Hook[] = [];
  /** When the first began, in ms of `now()`; `undefined` before. */
  #begunAtMs: number | undefined;
  /** `early`: the thread is not up yet. Its hooks are sent nevertheless. */
  #state: 'early' | 'open' | 'closed' = 'early';

  constructor(deps: HookQueueDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0;
  }

  /** The thread is up. */
  open(): void {
    this.#state = 'open';
    if (this.isEmpty) this.#deps.hooksEnded();
  }

  /** The thread is being ended: no further hook is sent. */
  close(): void {
    this.#state = 'closed';
  }

  add(hook: Hook): void {
    this.#hooks.push(hook);
    if (this.#state !== 'closed') this.#send(hook);
  }

  /** Handles a message of the thread about the running hook. */
  handle(message: HookReply): void {
    const { values } = this.#deps;
    switch (message.kind) {
      case 'value':
        values.receive(message);
        break;
      case 'hook-begun':
        this.#begunAtMs = message.atMs;
        this.#hooks[0]?.begun?.();
        break;
      case 'hook-returned':
        this.#ended(this.#hooks[0], this.#take(message.tag), message.atMs);
        break;
      case 'hook-threw':
        this.#ended(this.#hooks[0], { error: decodeError(message.error) }, message.atMs);
        break;
    }
  }

  /** The thread is gone, and its last messages were read: gives up the remaining hooks. */
  abandon(exit: ThreadExit): void {
    this.#state = 'closed';
    for (const [index, hook] of this.#hooks.splice(0).entries())
      hook.lost(exit, index === 0 && this.#begunAtMs !== undefined);
  }

  #take(tag: number): CodeEnd {
    try {
      return { value: this.#deps.values.take(tag, 'result') };
    } catch (error) {
      return { error };
    }
  }

  #ended(hook: Hook | undefined, end: CodeEnd, atMs: number): void {
    if (hook === undefined) return;
    const begunAtMs = hook === this.#hooks[0] ? (this.#begunAtMs ?? atMs) : atMs;
    if (hook === this.#hooks[0]) this.#begunAtMs = undefined;
    this.#hooks.splice(this.#hooks.indexOf(hook), 1);
    hook.ended(end, { begunAtMs, endedAtMs: atMs });
    if (this.isOpen && this.isEmpty) this.#deps.hooksEnded();
  }

  #send(hook: Hook): void {
    try {
      const { values } = this.#deps;
      const tag = values.send(hook.args, hook.argsName);
      this.#deps.post({ kind: 'hook', task: hook.task.origin, tag, wantsResult: hook.wantsResult });
    } catch (error) {
      this.#ended(hook, { error }, now());
    }
  }
}

export function isHookReply(message: Exclude<FromWorker, typeof DOORBELL>): message is HookReply {
  return message.kind === 'value' || message.kind.startsWith('hook-');
}

/** When a hook's code ran, in ms of `now()`. */
export interface HookRun {
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

/** A call of a task that is not a job: a worker's setup, a broadcast, or its teardown. */
export interface Hook {
  readonly task: { readonly origin: TaskDefinition };
  readonly args: readonly unknown[];
  /** First part of the path that names an argument that cannot be cloned. */
  readonly argsName: string;
  /** Whether the caller wants the result. If not, the result need not be cloneable. */
  readonly wantsResult: boolean;
  /** The hook's code begins. */
  readonly begun?: () => void;
  /** The hook's code has ended, or there was none to run. */
  readonly ended: (end: CodeEnd, run: HookRun) => void;
  /** The worker is gone. */
  readonly lost: (exit: ThreadExit, hasBegun: boolean) => void;
}
