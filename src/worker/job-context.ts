import { inspect } from 'node:util';
import { optionNames, readOptions, refuseSurplusObjects } from '../base/check/options.js';
import { checkFunction, checkMs, checkText } from '../base/check/values.js';
import type { ContextValues } from '../base/context-stores.js';
import { type Inspecting, shown } from '../base/inspect.js';
import type { ChildJob, ChildOptions, CurrentJob } from '../contract/current-job.js';
import type { JobOverrides } from '../contract/job-overrides.js';
import { CancelledError, cancelledMessage } from '../errors.js';
import type { CancellationToken } from '../sync/cancellation-token.js';
import { ADD_PEER, COPY_CANCELLED, THREAD_GONE } from '../sync/inner.js';
import { stays, type Transferable } from '../sync/sharing/crossing.js';
import { Flag } from '../sync/sharing/flag.js';
import type { Peer } from '../sync/sharing/registry.js';
import { MASK } from '../wire/lane/layout.js';
import type { EndOutcome, SlotTable } from '../wire/lane/slot-table.js';
import { move } from '../wire/message/move.js';
import { tokenOf } from '../wire/message/shared-objects.js';
import type { KnownTask } from './tasks/known-task.js';

/** Communication of a job's code with its pool while the job runs: messages to the code, and calls of the pool's functions. */
export interface Talking {
  messages(context: JobContext): AsyncIterable<unknown>;
  listen(context: JobContext, fn: (message: unknown) => void): () => void;
  /** Takes the next message, for which it blocks up to `timeoutMs`. */
  receive(context: JobContext, timeoutMs: number): unknown;
  call(context: JobContext, name: string, args: readonly unknown[]): Promise<unknown>;
  callSync(context: JobContext, name: string, args: readonly unknown[]): unknown;
}

/** What the context of a job or hook calls. */
export interface ContextDeps {
  readonly workerId: number;
  readonly slots: SlotTable;
  readonly talk: Talking;
  readonly results: {
    report(context: JobContext, value: unknown): void;
    /** The job's code has cancelled the job's own token. */
    tokenCancelled(context: JobContext, reason: unknown): void;
  };
  readonly children: {
    submit(context: JobContext, task: unknown, args: unknown, options: ChildOptions | undefined): ChildJob<unknown>;
  };
}

/** A job as an entry of the request lane describes it. */
export interface JobHead {
  /** The job's sequence number in the worker's lane. */
  readonly seq: number;
  readonly id: number;
  readonly priority: number;
  readonly overrides: JobOverrides;
  /** Whether the worker announces when the job's code begins. */
  readonly isAnnounced: boolean;
}

const NO_CONTEXT: ContextValues = Object.freeze({});
const RECEIVE_OPTIONS = optionNames<{ readonly timeoutMs: number }>({ timeoutMs: true });

// What the worker does with a context. Functions, not methods, so that tasks, which have the context, cannot call them.

/** The job's sequence number in the worker's lane. */
export let seqOf: (context: JobContext) => number;
export let taskOf: (context: JobContext) => KnownTask;
/** The id that the job's pool knows it by. */
export let numberOf: (context: JobContext) => number;
/** Whether the worker announces when the job's code begins. */
export let isAnnounced: (context: JobContext) => boolean;
/** Whether the job's code has not ended. */
export let isOpen: (context: JobContext) => boolean;
/** How many of the job's children have not settled. */
export let openChildrenOf: (context: JobContext) => number;
/** Changes that number by `by`. Returns it. */
export let countChildren: (context: JobContext, by: 1 | -1) => number;
/** The main thread has cancelled the job. Sets the reason, and notifies listeners of its token. */
export let cancelled: (context: JobContext, reason: unknown) => void;
/** Cancels the job's token, without a request to stop the job: its own code has cancelled a parent of the token, or has failed. */
export let raiseToken: (context: JobContext, reason: unknown) => void;
/** The job's code has ended. Keeps whether it was asked to stop, as the slot's word soon belongs to another job. */
export let close: (context: JobContext, outcome: EndOutcome) => void;

/** A context in JSON. */
interface ContextJson extends Pick<CurrentJob, 'id' | 'name' | 'priority' | 'attempt' | 'workerId'> {}

/** A job inside its worker, as `currentJob()` returns it. */
export class JobContext implements CurrentJob {
  readonly #number: number;
  readonly #id: string | undefined;
  readonly #priority: number;
  readonly #attempt: number;
  readonly #context: ContextValues;
  readonly #isAnnounced: boolean;
  readonly #name: string | undefined;
  readonly #task: KnownTask;
  readonly #deps: ContextDeps;
  readonly #seq: number;
  #token: CancellationToken | undefined;
  #reason: unknown;
  /** The first reason with which the token was cancelled. */
  #tokenReason: unknown;
  /** The main thread asked the job to stop. */
  #isCancelled = false;
  /** The job's token is cancelled, by the main thread or by the job's own code. */
  #isRaised = false;
  #isOpen = true;
  #openChildren = 0;
  /** The main thread as the token's peer. A cancel by the job's own code goes there as an answer of the job. */
  #peer: Peer | undefined;

  constructor(deps: ContextDeps, task: KnownTask, head: JobHead) {
    this.#deps = deps;
    this.#task = task;
    this.#seq = head.seq;
    this.#number = head.id;
    this.#priority = head.priority;
    const { attempt = 1, name, context, id } = head.overrides;
    this.#id = id;
    this.#attempt = attempt;
    this.#context = context === undefined ? NO_CONTEXT : Object.freeze(context);
    this.#isAnnounced = head.isAnnounced;
    this.#name = name;
  }

  static {
    stays(JobContext, 'JobContext', (value) =>
      #deps in value
        ? `the current job '${value.name}'; pass what is needed of it, such as its id or its token`
        : undefined,
    );
  }

  static {
    seqOf = (context) => context.#seq;
    taskOf = (context) => context.#task;
    numberOf = (context) => context.#number;
    isAnnounced = (context) => context.#isAnnounced;
    isOpen = (context) => context.#isOpen;
    openChildrenOf = (context) => context.#openChildren;
    countChildren = (context, by) => context.#countChildren(by);
    cancelled = (context, reason) => context.#cancelled(reason);
    raiseToken = (context, reason) => context.#raiseToken(reason);
    close = (context, outcome) => context.#close(outcome);
  }

  get id(): number | string {
    return this.#id ?? this.#number;
  }

  get name(): string {
    return this.#name ?? this.#task.definition.name;
  }

  get priority(): number {
    return this.#priority;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get context(): ContextValues {
    return this.#context;
  }

  get workerId(): number {
    return this.#deps.workerId;
  }

  get token(): CancellationToken {
    if (this.#token === undefined) {
      const { slots } = this.#deps;
      this.#token = tokenOf(
        new Flag(slots.words, { index: this.#seq & MASK, raisedWord: slots.cancelWord(this.#seq) }),
      );
      this.#peer = {
        isOpen: true,
        sharesMemory: true,
        post: (message) => {
          if (this.#isOpen && message.kind === 'token-cancelled')
            this.#deps.results.tokenCancelled(this, message.reason);
        },
      };
      this.#token[ADD_PEER](this.#peer, 0);
      if (this.#isRaised) this.#token[COPY_CANCELLED](this.#tokenReason, this.#peer);
    }
    return this.#token;
  }

  get signal(): AbortSignal {
    return this.token.signal;
  }

  throwIfCancelled(): void {
    if (this.#isCancelled || (this.#isOpen && this.#deps.slots.isCancelling(this.#seq))) throw this.#error();
    this.#token?.throwIfCancelled();
  }

  report(value: unknown, transfer?: readonly Transferable[]): void {
    // after the end the slot may be another job's
    if (this.#isOpen) this.#deps.results.report(this, transfer === undefined ? value : move(value, transfer));
  }

  get messages(): AsyncIterable<unknown> {
    return this.#deps.talk.messages(this);
  }

  onMessage(fn: (message: unknown) => void, ...rest: readonly unknown[]): () => void {
    refuseSurplusObjects(rest, 'only a listener', 'register onMessage');
    checkFunction(fn, 'the listener', 'register onMessage');
    return this.#deps.talk.listen(this, fn);
  }

  receiveSync(options?: { readonly timeoutMs?: number | undefined }): unknown {
    const action = 'receive a message';
    const { timeoutMs = Number.POSITIVE_INFINITY } = readOptions(options, RECEIVE_OPTIONS, action);
    checkMs(timeoutMs, 'timeoutMs', action);
    this.#checkOpen('receive a message for');
    return this.#deps.talk.receive(this, timeoutMs as number);
  }

  async call(name: string, ...args: readonly unknown[]): Promise<never> {
    checkText(name, 'the name', 'call a function of the pool');
    this.#checkOpen(`call '${name}' for`);
    return (await this.#deps.talk.call(this, name, args)) as never;
  }

  callSync(name: string, ...args: readonly unknown[]): never {
    checkText(name, 'the name', 'call a function of the pool');
    this.#checkOpen(`call '${name}' for`);
    return this.#deps.talk.callSync(this, name, args) as never;
  }

  submit(task: unknown, args?: unknown, options?: ChildOptions): ChildJob<never> {
    this.#checkOpen('submit a child of');
    return this.#deps.children.submit(this, task, args, options) as ChildJob<never>;
  }

  toJSON(): ContextJson {
    const { id, name, priority, attempt, workerId } = this;
    return { id, name, priority, attempt, workerId };
  }

  [inspect.custom](...inspecting: Inspecting): string {
    return shown('CurrentJob', this.toJSON(), inspecting);
  }

  #countChildren(by: 1 | -1): number {
    this.#openChildren += by;
    return this.#openChildren;
  }

  #cancelled(reason: unknown): void {
    this.#isCancelled = true;
    this.#raiseToken(reason);
  }

  #raiseToken(reason: unknown): void {
    if (!this.#isRaised) this.#tokenReason = reason;
    this.#isRaised = true;
    this.#reason = reason;
    if (this.#token !== undefined && this.#peer !== undefined) this.#token[COPY_CANCELLED](reason, this.#peer);
  }

  #checkOpen(action: string): void {
    if (!this.#isOpen) throw new Error(`Cannot ${action} job '${this.name}': its code has ended`);
  }

  #close(outcome: EndOutcome): void {
    this.#isOpen = false;
    // from now on only this context cancels the token, which need not outlive it
    if (this.#token !== undefined && this.#peer !== undefined) this.#token[THREAD_GONE](this.#peer, []);
    if (outcome === 'asked before') this.#isCancelled = true;
  }

  #error(): CancelledError {
    const reason = this.#reason;
    return new CancelledError(cancelledMessage(`Job '${this.name}' was cancelled`, reason), { reason });
  }
}
