import type { CodeEnd } from '../../contract/code-end.js';
import { block } from '../../sync/waiting/wakeup.js';
import type { SlotTable } from '../../wire/lane/slot-table.js';
import { decodeError } from '../../wire/message/error-codec.js';
import { type CallEnd, DOORBELL, type Post } from '../../wire/message/protocol.js';
import { type JobContext, seqOf, type Talking } from '../job-context.js';
import type { JobScopes } from '../job-scopes.js';
import type { OpenJobs } from '../open-jobs.js';
import type { PoolPort } from '../pool-port.js';
import type { ResultSender } from '../results/result-sender.js';
import type { RunningJob } from '../running-job.js';
import { FunctionCalls } from './function-calls.js';
import { Inbox, type PassMessage, type Received } from './inbox.js';
import { iterateMessages } from './messages.js';

/** Calls a function of the pool, which runs on this very thread. */
export type CallNow = (name: string, args: readonly unknown[]) => unknown;

export interface TalkDeps {
  readonly port: PoolPort;
  readonly slots: SlotTable;
  readonly running: RunningJob;
  readonly openJobs: OpenJobs;
  readonly scopes: JobScopes;
  readonly results: ResultSender;
  /** Set if the worker runs on the thread of its pool, which it must not block. */
  readonly callNow: CallNow | undefined;
}

/** Passes messages to the code of jobs, and their calls of functions to the pool. */
export class Talk implements Talking {
  readonly #deps: TalkDeps;
  readonly #inboxes = new WeakMap<JobContext, Inbox>();
  /** Messages for jobs that have no context yet, by sequence number. */
  readonly #early = new Map<number, { readonly received: Received; readonly isKept: boolean }[]>();
  readonly #calls: FunctionCalls;

  constructor(deps: TalkDeps) {
    this.#deps = deps;
    this.#calls = new FunctionCalls((context, call, name, args) => {
      const tag = deps.port.values.send(args, 'args');
      deps.port.post({ kind: 'called', seq: seqOf(context), call, name, tag });
    });
  }

  messages(context: JobContext): AsyncIterable<unknown> {
    const inbox = this.#inboxOf(context);
    return { [Symbol.asyncIterator]: () => iterateMessages(context, inbox) };
  }

  listen(context: JobContext, fn: (message: unknown) => void): () => void {
    return this.#inboxOf(context).listen(fn);
  }

  /** Passes each message for the job's code on unread. */
  forward(context: JobContext, pass: PassMessage): void {
    this.#inboxOf(context).forward(pass);
  }

  receive(context: JobContext, timeoutMs: number): unknown {
    const inbox = this.#inboxOf(context);
    const hasMessage = (): boolean => {
      context.throwIfCancelled();
      this.#readNow();
      return !inbox.isEmpty;
    };
    if (this.#deps.callNow === undefined) return block(hasMessage, timeoutMs) ? inbox.take() : undefined;
    if (hasMessage()) return inbox.take();
    if (timeoutMs !== Number.POSITIVE_INFINITY) return undefined; // nothing can come before this code has returned
    throw new Error(
      `Cannot wait for a message in job '${context.name}': it blocks the thread of its pool, which is of kind 'inline'; use messages or onMessage`,
    );
  }

  call(context: JobContext, name: string, args: readonly unknown[]): Promise<unknown> {
    return this.#calls.begin(context, name, args);
  }

  callSync(context: JobContext, name: string, args: readonly unknown[]): unknown {
    const { callNow } = this.#deps;
    if (callNow !== undefined) {
      context.throwIfCancelled();
      return callNow(name, args);
    }
    return this.#calls.run(context, { name, args }, (isMet) => {
      block(() => {
        this.#readNow();
        if (isMet()) return true;
        context.throwIfCancelled();
        return false;
      }, Number.POSITIVE_INFINITY);
    });
  }

  /** A message for the code of a job has come, its value in the message before; or why it could not be passed on. */
  posted(message: Post): void {
    const { seq, isKept } = message;
    const received =
      message.kind === 'posted' ? this.#take(message.tag, 'message') : { fault: decodeError(message.error) };
    const context = this.#contextOf(seq);
    this.#sweep();
    if (context !== undefined) this.#inboxOf(context).add(received, isKept);
    else if (this.#mayAsk(seq)) this.#addEarly(seq, received, isKept);
  }

  /** A call of a function has ended; its result came in the message before. */
  callEnded(message: CallEnd): void {
    this.#calls.ended(message.call, this.#outcomeOf(message));
  }

  /**
   * Handles what has arrived while code of a job blocks the event loop, as far as that code may wait for it. All else is handled in
   * the event loop, in order, as it may run foreign code.
   */
  #readNow(): void {
    const { port } = this.#deps;
    for (let message = port.take(); message !== undefined; message = port.take()) {
      if (message !== DOORBELL) {
        switch (message.kind) {
          case 'value':
            port.values.receive(message);
            continue;
          case 'posted':
          case 'post-failed':
            this.posted(message);
            continue;
          case 'call-returned':
          case 'call-threw':
            this.callEnded(message);
            continue;
        }
      }
      port.postpone(message);
    }
  }

  /** The context of a job whose code has begun and not ended, if it exists already. */
  #contextOf(seq: number): JobContext | undefined {
    const { openJobs, running } = this.#deps;
    return openJobs.find(seq) ?? (running.is(seq) ? running.context : undefined);
  }

  /** Whether a job may still ask for its messages: its code has not ended. */
  #mayAsk(seq: number): boolean {
    const { slots, running, openJobs } = this.#deps;
    return slots.isWaiting(seq) || running.is(seq) || openJobs.find(seq) !== undefined;
  }

  #outcomeOf(message: CallEnd): CodeEnd {
    if (message.kind === 'call-threw') return { error: decodeError(message.error) };
    const received = this.#take(message.tag, 'result');
    return 'fault' in received ? { error: received.fault } : received;
  }

  #take(tag: number, path: string): Received {
    try {
      return { value: this.#deps.port.values.take(tag, path) };
    } catch (fault) {
      return { fault };
    }
  }

  #addEarly(seq: number, received: Received, isKept: boolean): void {
    const early = this.#early.get(seq);
    if (early === undefined) this.#early.set(seq, [{ received, isKept }]);
    else early.push({ received, isKept });
  }

  /** Drops messages for jobs that were taken back, or have ended without a look at them. */
  #sweep(): void {
    for (const seq of [...this.#early.keys()]) if (!this.#mayAsk(seq)) this.#early.delete(seq);
  }

  #inboxOf(context: JobContext): Inbox {
    const known = this.#inboxes.get(context);
    if (known !== undefined) return known;
    const inbox = new Inbox(context.name, {
      keptRead: () => this.#deps.results.messageRead(context),
      runAs: (fn) => this.#deps.scopes.run(context, fn),
    });
    this.#inboxes.set(context, inbox);
    const seq = seqOf(context);
    for (const { received, isKept } of this.#early.get(seq) ?? []) inbox.add(received, isKept);
    this.#early.delete(seq);
    return inbox;
  }
}
