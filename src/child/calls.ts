import type { ChildSubmission } from '../contract/child-submission.js';
import type { FunctionCall } from '../contract/pool-functions.js';
import type { RemoteWorker } from '../host/remote-worker.js';
import type { StoppedEnd, Thrown } from '../host/result-lane.js';
import type { JobSink } from '../host/worker-events.js';
import { decodeError } from '../wire/message/error-codec.js';
import { encodeForProcess } from '../wire/process/process-link.js';
import type { Packed, ToProcess } from '../wire/process/process-protocol.js';
import type { Call } from './call.js';
import type { PoolLink } from './pool-link.js';

/** The unfinished calls of a child process, by run. Reports their outcomes to the pool. */
export class Calls implements JobSink<Call, RemoteWorker<Call>> {
  readonly #pool: PoolLink;
  readonly #calls = new Map<number, Call>();

  constructor(pool: PoolLink) {
    this.#pool = pool;
  }

  add(call: Call): void {
    this.#calls.set(call.run, call);
  }

  get(run: number): Call | undefined {
    return this.#calls.get(run);
  }

  jobStarted(): void {} // the thread notes begins itself: see `BeginNotes`

  jobReported(call: Call, value: unknown): void {
    try {
      this.#pool.send({ kind: 'reported', run: call.run, value: this.#pool.pack(value, 'report') });
    } catch (error) {
      call.fault ??= { error };
    }
  }

  jobReturned(_worker: RemoteWorker<Call>, call: Call, value: unknown): void {
    let packed: Packed;
    try {
      if (call.fault !== undefined) throw call.fault.error;
      packed = this.#pool.pack(value, 'result');
    } catch (error) {
      this.threw(call, error);
      return;
    }
    this.#calls.delete(call.run);
    this.#pool.send({ kind: 'returned', run: call.run, value: packed });
  }

  jobThrew(_worker: RemoteWorker<Call>, call: Call, thrown: Thrown): void {
    this.threw(call, thrown.error);
  }

  jobFailedToStart({ run }: Call, thrown: Thrown): void {
    this.#calls.delete(run);
    this.failedToStart(run, thrown.error);
  }

  jobStopped(worker: RemoteWorker<Call>, call: Call, end: StoppedEnd): void {
    if (end.kind === 'returned') this.jobReturned(worker, call, end.value);
    else this.jobThrew(worker, call, end.thrown);
  }

  threw({ run }: Call, error: unknown): void {
    this.#calls.delete(run);
    this.#pool.send({ kind: 'threw', run, error: encodeForProcess(error), hasCode: true });
  }

  /** The job has failed before its code began. */
  failedToStart(run: number, error: unknown): void {
    this.#pool.send({ kind: 'threw', run, error: encodeForProcess(error), hasCode: false });
  }

  ownTokenCancelled({ run }: Call, reason: unknown): void {
    this.#pool.send({ kind: 'token-cancelled', run, reason: encodeForProcess(reason) });
  }

  messageRead({ run }: Call): void {
    this.#pool.send({ kind: 'message-read', run });
  }

  /** Passes on a call of a function of the pool. */
  functionCalled(worker: RemoteWorker<Call>, { run }: Call, { call, name, args }: FunctionCall): void {
    let packed: Packed;
    try {
      packed = this.#pool.pack(args, 'args');
    } catch (error) {
      worker.talk.postCallEnd(call, { error });
      return;
    }
    this.#pool.send({ kind: 'called', run, call, name, args: packed });
  }

  /** Passes on a message for a call's code; or, if it could not be sent or cannot be read here, why not. */
  posted(worker: RemoteWorker<Call>, message: Extract<ToProcess, { readonly kind: 'posted' | 'post-failed' }>): void {
    const call = this.#calls.get(message.run);
    if (call === undefined) return;
    const keeping = message.isKept ? 'kept' : 'sent once';
    try {
      if (message.kind === 'post-failed') throw decodeError(message.error);
      worker.talk.post(call, { message: this.#pool.unpack(message.value, 'message'), transfer: [] }, keeping);
    } catch (error) {
      worker.talk.postFault(call, error, keeping);
    }
  }

  /** Passes on a child that a call's code submits. */
  childSubmitted(worker: RemoteWorker<Call>, { run }: Call, { child, task, ...given }: ChildSubmission): void {
    let values: Packed;
    try {
      values = this.#pool.pack([given.args, given.options, given.context], 'child');
    } catch (error) {
      worker.talk.postChildEnd(child, { error });
      return;
    }
    this.#pool.send({ kind: 'child-submitted', run, child, task, values });
  }
}
