import { inspect } from 'node:util';
import type { ContextValues } from '../base/context-stores.js';
import { type Inspecting, shown } from '../base/inspect.js';
import type { ChildJob, ChildOptions, CurrentJob } from '../contract/current-job.js';
import type { JobOverrides } from '../contract/job-overrides.js';
import { CancelledError, cancelledMessage } from '../errors.js';
import type { CancellationToken } from '../sync/cancellation-token.js';
import { ADD_PEER, HEARD } from '../sync/inner.js';
import { stays } from '../sync/sharing/crossing.js';
import { Flag } from '../sync/sharing/flag.js';
import type { Peer } from '../sync/sharing/registry.js';
import { MASK } from '../wire/lane/layout.js';
import type { SlotTable } from '../wire/lane/slot-table.js';
import { tokenOf } from '../wire/message/shared-objects.js';
import type { KnownTask } from './tasks/known-task.js';

/** What a job's context asks of the loop that runs it. */
export interface ContextHost {
  readonly workerId: number;
  readonly slots: SlotTable;
  report(context: JobContext, value: unknown): void;
  submit(context: JobContext, task: unknown, args: unknown, options: ChildOptions | undefined): ChildJob<unknown>;
  /** The task cancelled its own job's token. */
  ownTokenCancelled(context: JobContext, reason: unknown): void;
}

/** How an entry of the request lane describes a job. */
export interface JobHead {
  /** Its sequence number in the worker's lane. */
  readonly seq: number;
  readonly id: number;
  readonly priority: number;
  readonly overrides: JobOverrides;
  /** Whether the main thread is to be told when its code begins. */
  readonly isAnnounced: boolean;
}

const NO_CONTEXT: ContextValues = Object.freeze({});

// What the loop does with a job's context. As functions: task code, which holds the context, reaches none of them.

/** Its sequence number in the worker's lane. */
export let seqOf: (context: JobContext) => number;
export let taskOf: (context: JobContext) => KnownTask;
/** Whether the main thread is to be told when its code begins. */
export let isAnnounced: (context: JobContext) => boolean;
/** Whether the loop still waits for this job's code. */
export let isOpen: (context: JobContext) => boolean;
/** Of its children, how many have not settled. */
export let openChildrenOf: (context: JobContext) => number;
export let countChildren: (context: JobContext, by: 1 | -1) => number;
/** The main thread cancelled the job: brings the reason, and tells who listens. */
export let cancelled: (context: JobContext, reason: unknown) => void;
/** The job's own code cancelled a token that this job's is a child of: that is no request to stop it. */
export let raiseToken: (context: JobContext, reason: unknown) => void;
/** The code has ended. The slot's word soon belongs to another job: what it says now is kept. */
export let close: (context: JobContext, isStopped: boolean) => void;

/** What a context is in JSON. */
interface ContextJson extends Pick<CurrentJob, 'id' | 'name' | 'priority' | 'attempt' | 'workerId'> {}

/** A job inside its worker: what `currentJob()` returns. */
export class JobContext implements CurrentJob {
  readonly #id: number;
  readonly #priority: number;
  readonly #attempt: number;
  readonly #context: ContextValues;
  readonly #isAnnounced: boolean;
  readonly #name: string | undefined;
  readonly #task: KnownTask;
  readonly #host: ContextHost;
  readonly #seq: number;
  #token: CancellationToken | undefined;
  #reason: unknown;
  /** Its token's: what it was cancelled with first. */
  #tokenReason: unknown;
  /** The main thread asked the job to stop. */
  #isCancelled = false;
  /** Its token is cancelled, by that or by the job's own code. */
  #isRaised = false;
  #isOpen = true;
  #openChildren = 0;
  /** Where an answer to the job's token goes: to the main thread, with the job named. */
  #peer: Peer | undefined;

  constructor(host: ContextHost, task: KnownTask, head: JobHead) {
    this.#host = host;
    this.#task = task;
    this.#seq = head.seq;
    this.#id = head.id;
    this.#priority = head.priority;
    const { attempt = 1, name, context } = head.overrides;
    this.#attempt = attempt;
    this.#context = context === undefined ? NO_CONTEXT : Object.freeze(context);
    this.#isAnnounced = head.isAnnounced;
    this.#name = name;
  }

  static {
    stays((value) =>
      #host in value
        ? `the current job '${value.name}'; pass what is needed of it, such as its id or its token`
        : undefined,
    );
  }

  static {
    seqOf = (context) => context.#seq;
    taskOf = (context) => context.#task;
    isAnnounced = (context) => context.#isAnnounced;
    isOpen = (context) => context.#isOpen;
    openChildrenOf = (context) => context.#openChildren;
    countChildren = (context, by) => context.#countChildren(by);
    cancelled = (context, reason) => context.#cancelled(reason);
    raiseToken = (context, reason) => context.#raiseToken(reason);
    close = (context, isStopped) => context.#close(isStopped);
  }

  get id(): number {
    return this.#id;
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
    return this.#host.workerId;
  }

  get token(): CancellationToken {
    if (this.#token === undefined) {
      const { slots } = this.#host;
      this.#token = tokenOf(
        new Flag(slots.words, { index: this.#seq & MASK, raisedWord: slots.cancelWord(this.#seq) }),
      );
      this.#peer = {
        isOpen: true,
        sharesMemory: true,
        tell: (message) => {
          if (this.#isOpen && message.kind === 'token-cancelled') this.#host.ownTokenCancelled(this, message.reason);
        },
      };
      this.#token[ADD_PEER](this.#peer, 0);
      if (this.#isRaised) this.#token[HEARD](this.#tokenReason, this.#peer);
    }
    return this.#token;
  }

  get signal(): AbortSignal {
    return this.token.signal;
  }

  throwIfCancelled(): void {
    if (this.#isCancelled || (this.#isOpen && this.#host.slots.isCancelling(this.#seq))) throw this.#error();
    this.#token?.throwIfCancelled();
  }

  report(value: unknown): void {
    // a report after the end has nobody to go to: the slot may be another job's
    if (this.#isOpen) this.#host.report(this, value);
  }

  submit(task: unknown, args?: unknown, options?: ChildOptions): ChildJob<never> {
    if (!this.#isOpen) throw new Error(`Cannot submit a child of job '${this.name}': its code has ended`);
    return this.#host.submit(this, task, args, options) as ChildJob<never>;
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
    if (this.#token !== undefined && this.#peer !== undefined) this.#token[HEARD](reason, this.#peer);
  }

  #close(isStopped: boolean): void {
    this.#isOpen = false;
    if (isStopped) this.#isCancelled = true;
  }

  #error(): CancelledError {
    const reason = this.#reason;
    return new CancelledError(cancelledMessage(`Job '${this.name}' was cancelled`, reason), { reason });
  }
}
