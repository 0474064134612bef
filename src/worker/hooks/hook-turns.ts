import { outsideRequests } from '../../base/async-context.js';
import { setImmediate } from '../../base/clock.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import { DOORBELL, type FromWorker, type ToWorker } from '../../wire/message/protocol.js';
import type { ValueChannel } from '../../wire/message/value-channel.js';
import type { HookReplies } from './hook-replies.js';

/** A hook that waits for its turn. */
interface WaitingHook {
  readonly task: TaskDefinition;
  /** `fault` if the arguments cannot be read. */
  readonly args: { readonly values: readonly unknown[] } | { readonly fault: unknown };
  readonly wantsResult: boolean;
}

export interface HookTurnsDeps {
  readonly values: ValueChannel;
  readonly replies: HookReplies;
  /** Runs hooks, on this thread or in the child process. */
  readonly runner: { run(task: TaskDefinition, args: readonly unknown[], wantsResult: boolean): void };
  /** Lets jobs begin. */
  startJobs(): void;
}

/** Runs the hooks of a worker one after another, and those that come first before any job. */
export class HookTurns {
  readonly #deps: HookTurnsDeps;
  readonly #waiting: WaitingHook[] = [];
  #isRunning = false;
  /** How many hooks have yet to return before the first job may begin. */
  #hooksFirst: number;

  constructor(hooksFirst: number, deps: HookTurnsDeps) {
    this.#hooksFirst = hooksFirst;
    this.#deps = deps;
  }

  /** The thread is ready for hooks, and for jobs if no hook comes first. */
  ready(): void {
    if (this.#hooksFirst === 0) this.#deps.startJobs();
  }

  /** A hook came; its arguments came in the message before. */
  add({ task, tag, wantsResult }: Extract<ToWorker, { readonly kind: 'hook' }>): void {
    let args: WaitingHook['args'];
    try {
      args = { values: this.#deps.values.take(tag, 'args') as readonly unknown[] };
    } catch (fault) {
      args = { fault };
    }
    this.#waiting.push({ task, args, wantsResult });
    this.#runNext();
  }

  /** The running hook has sent `message`. If it has ended, the next one begins. */
  replied(message: FromWorker): void {
    if (message === DOORBELL) return;
    if (message.kind === 'hook-threw' && this.#hooksFirst > 0) return; // the pool ends the thread
    if (message.kind !== 'hook-returned' && message.kind !== 'hook-threw') return;
    this.#isRunning = false;
    const isLastOfFirst = this.#hooksFirst > 0 && --this.#hooksFirst === 0;
    const runNext = (): void => {
      this.#runNext();
      if (isLastOfFirst) this.#deps.startJobs();
    };
    // outside the hook's async context, which jobs must not inherit
    outsideRequests(setImmediate, runNext);
  }

  #runNext(): void {
    if (this.#isRunning) return;
    const hook = this.#waiting.shift();
    if (hook === undefined) return;
    this.#isRunning = true;
    const { runner, replies } = this.#deps;
    if ('fault' in hook.args) replies.threw(hook.args.fault);
    else runner.run(hook.task, hook.args.values, hook.wantsResult);
  }
}
