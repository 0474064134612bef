import { outsideRequests } from '../../base/async-context.js';
import { setImmediate } from '../../base/clock.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import type { ToWorker } from '../../wire/message/protocol.js';
import type { WorkerLoop } from '../loop.js';
import type { Output } from '../output.js';
import type { PoolPort } from '../pool-port.js';
import { HookReplies } from './hook-replies.js';

/** A hook that waits for its turn. */
interface WaitingHook {
  readonly task: TaskDefinition;
  /** `fault` if the arguments cannot be read. */
  readonly args: { readonly values: readonly unknown[] } | { readonly fault: unknown };
  readonly wantsResult: boolean;
}

/** Runs the code of hooks, on this thread or in the child process. */
export interface RunsHooks {
  run(task: TaskDefinition, args: readonly unknown[], wantsResult: boolean): void;
}

export interface HookTurnsDeps {
  readonly port: PoolPort;
  readonly output: Output;
  readonly loop: WorkerLoop;
}

/** Runs the hooks of a worker one after another, and those that come first before any job. */
export class HookTurns {
  /** Reports how the running hook goes. */
  readonly replies: HookReplies;
  readonly #port: PoolPort;
  readonly #loop: WorkerLoop;
  #connectedRunner: RunsHooks | undefined;
  readonly #waiting: WaitingHook[] = [];
  #isRunning = false;
  /** How many hooks have yet to return before the first job may begin. */
  #hooksFirst: number;

  constructor(hooksFirst: number, { port, output, loop }: HookTurnsDeps) {
    this.#hooksFirst = hooksFirst;
    this.#port = port;
    this.#loop = loop;
    this.replies = new HookReplies({ port, output, ended: (outcome) => this.#ended(outcome) });
  }

  /** Connects what runs the code of hooks, which is made after this. Called once, before the first hook. */
  runBy(runner: RunsHooks): void {
    this.#connectedRunner = runner;
  }

  get #runner(): RunsHooks {
    if (this.#connectedRunner === undefined) throw new Error('Cannot run a hook: nothing is connected that runs it');
    return this.#connectedRunner;
  }

  /**
   * The worker is ready for hooks, and for jobs if no hook comes first.
   *
   * @param pid the id of its child process.
   */
  ready(pid?: number): void {
    this.#port.post({ kind: 'ready', pid });
    if (this.#hooksFirst === 0) this.#loop.start();
  }

  /** A hook came; its arguments came in the message before. */
  add({ task, tag, wantsResult }: Extract<ToWorker, { readonly kind: 'hook' }>): void {
    let args: WaitingHook['args'];
    try {
      args = { values: this.#port.values.take(tag, 'args') as readonly unknown[] };
    } catch (fault) {
      args = { fault };
    }
    this.#waiting.push({ task, args, wantsResult });
    this.#runNext();
  }

  /** The running hook has ended: the next one begins. */
  #ended(outcome: 'returned' | 'threw'): void {
    if (outcome === 'threw' && this.#hooksFirst > 0) return; // the pool ends the thread
    this.#isRunning = false;
    const isLastOfFirst = this.#hooksFirst > 0 && --this.#hooksFirst === 0;
    const runNext = (): void => {
      this.#runNext();
      if (isLastOfFirst) this.#loop.start();
    };
    // outside the hook's async context, which jobs must not inherit
    outsideRequests(setImmediate, runNext);
  }

  #runNext(): void {
    if (this.#isRunning) return;
    const hook = this.#waiting.shift();
    if (hook === undefined) return;
    this.#isRunning = true;
    if ('fault' in hook.args) this.replies.threw(hook.args.fault);
    else this.#runner.run(hook.task, hook.args.values, hook.wantsResult);
  }
}
