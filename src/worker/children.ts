import { inspect } from 'node:util';
import { hasProperty } from '../base/bare.js';
import { mustBe } from '../base/check/argument-errors.js';
import { checkArray } from '../base/check/values.js';
import { readContext } from '../base/context-stores.js';
import { type Inspecting, shown } from '../base/inspect.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { CodeEnd } from '../contract/code-end.js';
import type { ChildJob, ChildOptions } from '../contract/current-job.js';
import type { TaskDefinition } from '../contract/task-definition.js';
import { stays } from '../sync/sharing/crossing.js';
import { decodeError } from '../wire/message/error-codec.js';
import { isMoved, movedValueOf, transferablesOf } from '../wire/message/move.js';
import type { ChildEnd } from '../wire/message/protocol.js';
import { movables } from '../wire/message/transfer-list.js';
import { checkChildOptions } from './child-options.js';
import { countChildren, type JobContext } from './job-context.js';
import type { OpenJobs } from './open-jobs.js';
import type { PoolPort } from './pool-port.js';
import type { ResultSender } from './results/result-sender.js';
import { exportOf } from './tasks/module-loader.js';

let settle: (child: Child, outcome: CodeEnd) => void;

/**
 * A child as its parent's code sees it. Its promise is created when first used, so that a failure that is not awaited is
 * ignored.
 */
class Child implements ChildJob<unknown> {
  readonly #name: string;
  readonly #cancel: (reason: unknown) => void;
  #outcome: CodeEnd | undefined;
  #promise: Promise<unknown> | undefined;
  #settlePromise: ((outcome: CodeEnd) => void) | undefined;

  constructor(name: string, cancel: (reason: unknown) => void) {
    this.#name = name;
    this.#cancel = cancel;
  }

  static {
    stays(Child, 'Child', (value) =>
      #cancel in value ? `child job '${value.name}'; await it first and pass its result` : undefined,
    );
    settle = (child, outcome) => child.#settle(outcome);
  }

  get name(): string {
    return this.#name;
  }

  cancel(reason?: unknown): void {
    if (this.#outcome === undefined) this.#cancel(reason);
  }

  // biome-ignore lint/suspicious/noThenProperty: a job is awaitable by design
  then<A = unknown, B = never>(
    onfulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.#asPromise().catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<unknown> {
    return this.#asPromise().finally(onfinally);
  }

  toJSON(): { readonly name: string } {
    return { name: this.#name };
  }

  [inspect.custom](...inspecting: Inspecting): string {
    return shown('ChildJob', this.toJSON(), inspecting);
  }

  #settle(outcome: CodeEnd): void {
    this.#outcome = outcome;
    this.#settlePromise?.(outcome);
  }

  #asPromise(): Promise<unknown> {
    this.#promise ??= new Promise((resolve, reject) => {
      this.#settlePromise = (outcome) =>
        hasProperty(outcome, 'value') ? resolve(outcome.value) : reject(outcome.error);
      if (this.#outcome !== undefined) this.#settlePromise(this.#outcome);
    });
    return this.#promise;
  }
}

/** A task given by its definition. */
export class KnownOrigin {
  readonly definition: TaskDefinition;

  constructor(definition: TaskDefinition) {
    this.definition = definition;
  }
}

export interface ChildrenDeps {
  readonly port: PoolPort;
  readonly results: ResultSender;
  /** Counts parents that wait for children as suspended. */
  readonly openJobs: OpenJobs;
}

/** The children that this worker's jobs have submitted. */
export class Children {
  readonly #deps: ChildrenDeps;
  readonly #open = new Map<number, { readonly child: Child; readonly parent: JobContext }>();
  #last = 0;

  constructor(deps: ChildrenDeps) {
    this.#deps = deps;
  }

  /**
   * @throws {TypeError} if `task` is not a task, or `args` not an array.
   * @throws {NotCloneableError} if an argument cannot cross.
   */
  submit(parent: JobContext, task: unknown, args: unknown, options: ChildOptions | undefined): ChildJob<unknown> {
    const definition = definitionOf(task);
    const action = `submit child '${definition.name}'`;
    const list = args === undefined ? [] : checkArray(args, 'args', action);
    const { context, ...others } = checkChildOptions(options, action);
    const number = ++this.#last;
    const { port, results, openJobs } = this.#deps;
    results.childSubmitted(parent, {
      child: number,
      task: definition,
      ...withoutWrappers(list),
      options: others,
      context: context === undefined ? undefined : readContext(context), // of this thread, so read here
    });
    const name = Object.hasOwn(others, 'name') ? others.name : undefined;
    const child = new Child(name ?? definition.name, (reason) =>
      port.post({ kind: 'child-cancelled', child: number, reason }),
    );
    this.#open.set(number, { child, parent });
    if (countChildren(parent, 1) === 1) openJobs.childrenChanged(parent);
    return child;
  }

  ended(message: ChildEnd): void {
    const outcome: CodeEnd =
      message.kind === 'child-ended' ? this.#take(message.tag) : { error: decodeError(message.error) };
    const open = this.#open.get(message.child);
    if (open === undefined) return;
    this.#open.delete(message.child);
    if (countChildren(open.parent, -1) === 0) this.#deps.openJobs.childrenChanged(open.parent);
    settle(open.child, outcome);
  }

  #take(tag: number): CodeEnd {
    try {
      return { value: this.#deps.port.values.take(tag, 'result') };
    } catch (error) {
      return { error };
    }
  }
}

/** Takes the wrappers of `move()` off the arguments. */
function withoutWrappers(args: readonly unknown[]): Pick<ChildSubmission, 'args' | 'transfer'> {
  if (!args.some(isMoved)) return { args };
  const transfer = args.flatMap((arg) => (isMoved(arg) ? transferablesOf(arg) : []));
  const values = args.map((arg) => (isMoved(arg) ? movedValueOf(arg) : arg));
  return { args: values, transfer: movables(transfer, values) };
}

/** Sends a function that a loaded task module exports by reference, any other by its source text. */
function definitionOf(task: unknown): TaskDefinition {
  if (typeof task === 'function') {
    const known = exportOf(task);
    if (known !== undefined) return { kind: 'module', ...known, each: false };
    const name = task.name === '' ? 'anonymous' : task.name;
    return { kind: 'inline', text: Function.prototype.toString.call(task), name, each: false };
  }
  if (task instanceof KnownOrigin) return task.definition;
  if (typeof task === 'object' && task !== null && 'url' in task && 'name' in task)
    return { kind: 'module', url: String(task.url), name: String(task.name), each: false };
  throw mustBe('a function or a task of a taskModule()', task, 'task', 'submit a child');
}
