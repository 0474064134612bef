import type { ProcessLink } from '../../wire/process/process-link.js';
import type { Packed } from '../../wire/process/process-protocol.js';
import { type JobContext, numberOf } from '../job-context.js';
import { FailedToStart } from '../tasks/known-task.js';

interface Call {
  readonly context: JobContext;
  hasBegun: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Set when a report could not be read: the call fails with it once its code has ended. */
  fault: { readonly error: unknown } | undefined;
}

export interface RelayCallsEvents {
  /** The code of a job has begun in the process. */
  begun(context: JobContext): void;
  /** The process ended before it began the job. */
  neverBegan(context: JobContext): void;
}

/** The calls that a relay has sent to its process and that have not ended, by the number of the run. */
export class RelayCalls {
  readonly #link: ProcessLink;
  readonly #events: RelayCallsEvents;
  readonly #calls = new Map<number, Call>();
  #lastRun = 0;
  #hasEnded = false;

  constructor(link: ProcessLink, events: RelayCallsEvents) {
    this.#link = link;
    this.#events = events;
  }

  nextRun(): number {
    return ++this.#lastRun;
  }

  has(run: number): boolean {
    return this.#calls.has(run);
  }

  /**
   * Enters a call and sends it by `send`. Resolves or rejects when its code has ended. Stays pending if the process has ended:
   * this thread ends too, and its jobs are settled by the pool.
   */
  open(run: number, context: JobContext, send: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        this.#events.neverBegan(context);
        return;
      }
      this.#calls.set(run, { context, hasBegun: false, resolve, reject, fault: undefined });
      send();
    });
  }

  /** The job of a call, if known, without the conclusion that it has begun. */
  contextOf(run: number | undefined): JobContext | undefined {
    return run === undefined ? undefined : this.#calls.get(run)?.context;
  }

  /** The job of a call about which the process says something: it has begun, although its note may still be in the pipe. */
  contextOfBegun(run: number): JobContext | undefined {
    return this.#begunCall(run)?.context;
  }

  /** The process has noted that the code of a job begins. */
  noted(id: number, attempt: number): void {
    for (const call of this.#calls.values())
      if (numberOf(call.context) === id && call.context.attempt === attempt) this.#begun(call);
  }

  reported(run: number, value: Packed): void {
    const call = this.#begunCall(run);
    try {
      call?.context.report(this.#link.unpack(value, 'report'));
    } catch (error) {
      if (call !== undefined) call.fault ??= { error };
    }
  }

  returned(run: number, packed: Packed): void {
    const call = this.#take(run);
    if (call === undefined) return;
    try {
      const value = this.#link.unpack(packed, 'result');
      if (call.fault !== undefined) throw call.fault.error;
      call.resolve(value);
    } catch (error) {
      call.reject(error);
    }
  }

  threw(run: number, error: Error): void {
    this.#take(run)?.reject(error);
  }

  /** The job has failed before its code began. */
  failedToStart(run: number, error: Error): void {
    this.#drop(run)?.reject(new FailedToStart(error));
  }

  /** The process has ended. */
  abandon(): void {
    this.#hasEnded = true;
    for (const { context, hasBegun } of this.#calls.values()) if (!hasBegun) this.#events.neverBegan(context);
  }

  #begun(call: Call): void {
    if (call.hasBegun) return;
    call.hasBegun = true;
    this.#events.begun(call.context);
  }

  #begunCall(run: number): Call | undefined {
    const call = this.#calls.get(run);
    if (call !== undefined) this.#begun(call);
    return call;
  }

  /** Removes a call whose code has ended. */
  #take(run: number): Call | undefined {
    this.#begunCall(run);
    return this.#drop(run);
  }

  #drop(run: number): Call | undefined {
    const call = this.#calls.get(run);
    this.#calls.delete(run);
    return call;
  }
}
