import { Bare } from '../../base/bare.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import { SlotTable } from '../../wire/lane/slot-table.js';
import { type ContextDeps, close, JobContext, type JobHead, taskOf } from '../job-context.js';
import type { JobScopes } from '../job-scopes.js';
import { explainMissingName } from '../tasks/closure-hint.js';
import { drive, iteratorOf } from '../tasks/generator-task.js';
import { TaskTable } from '../tasks/task-table.js';
import type { HookReplies } from './hook-replies.js';
import type { RunsHooks } from './hook-turns.js';

const { apply } = Reflect;

/** What `currentJob()` returns in a hook, which is not a job. */
const NO_JOB: JobHead = {
  seq: 0,
  id: 0,
  priority: Number.POSITIVE_INFINITY,
  overrides: new Bare(),
  isAnnounced: false,
};

function refuse(): never {
  throw new Error('Cannot communicate with the pool: setup, broadcasts and teardown are not jobs');
}

function refuseChild(): never {
  throw new Error('Cannot submit a child: setup, broadcasts and teardown are not jobs');
}

const NO_TALK: ContextDeps['talk'] = {
  messages: refuse,
  listen: refuse,
  receive: refuse,
  call: refuse,
  callSync: refuse,
};
/** A hook has no listener for reports, and its token is its own. */
const NO_RESULTS: ContextDeps['results'] = { report: () => {}, tokenCancelled: () => {} };
const NO_CHILDREN: ContextDeps['children'] = { submit: refuseChild };

/** Runs the hooks of a worker. The main thread sends one at a time, and no job until it has ended. */
export class HookRunner implements ContextDeps, RunsHooks {
  readonly workerId: number;
  /** A table without jobs: hooks cannot be cancelled. */
  readonly slots = new SlotTable(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)));
  readonly talk = NO_TALK;
  readonly results = NO_RESULTS;
  readonly children = NO_CHILDREN;
  readonly #replies: HookReplies;
  readonly #scopes: JobScopes;
  readonly #tasks = new TaskTable();
  /** The hook whose code runs. */
  #current: JobContext | undefined;

  constructor(workerId: number, replies: HookReplies, scopes: JobScopes) {
    this.workerId = workerId;
    this.#replies = replies;
    this.#scopes = scopes;
  }

  /** @param wantsResult whether its result is sent back. */
  run(definition: TaskDefinition, args: readonly unknown[], wantsResult: boolean): void {
    const task = this.#tasks.make(definition);
    const context = new JobContext(this, task, NO_JOB);
    this.#current = context;
    this.#replies.begun();
    void this.#scopes.run(context, () => this.#begin(context, args, wantsResult));
  }

  /**
   * The hook of `context` has failed by an error that it threw or left uncaught. Returns false if `context` is not that of the
   * running hook.
   */
  fail(context: JobContext, error: unknown): boolean {
    explainMissingName(taskOf(context), error);
    return this.#end(context, () => this.#replies.threw(error));
  }

  async #begin(context: JobContext, args: readonly unknown[], wantsResult: boolean): Promise<void> {
    try {
      const value = await this.#call(context, args);
      this.#end(context, () => this.#replies.returned(wantsResult ? value : undefined));
    } catch (error) {
      this.fail(context, error);
    }
  }

  async #call(context: JobContext, args: readonly unknown[]): Promise<unknown> {
    const code = await this.#tasks.load(taskOf(context));
    const value: unknown = apply(code, context, args);
    const iterator = typeof value === 'object' && value !== null ? iteratorOf(value) : undefined;
    return iterator === undefined ? value : drive(context, iterator);
  }

  #end(context: JobContext, reply: () => void): boolean {
    if (this.#current !== context) return false;
    this.#current = undefined;
    close(context, 'ended');
    reply();
    return true;
  }
}
