import { Worker } from 'node:worker_threads';
import { bare, has } from '../base/bare.js';
import { queueMicrotask, setImmediate, setTimeout } from '../base/clock.js';
import type { ContextValues } from '../base/context-stores.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Printed } from '../contract/printed.js';
import type { ProfileStep, ThreadProfile } from '../contract/thread-profile.js';
import { CancelledError, cancelledMessage } from '../errors.js';
import { MainParking } from '../host/main-parking.js';
import { ThreadProfilers } from '../host/profiler.js';
import { RemoteWorker } from '../host/remote-worker.js';
import type { StoppedEnd, Thrown } from '../host/result-lane.js';
import type { ThreadExit } from '../host/thread-exit.js';
import type { JobSink, WorkerEvents } from '../host/worker-events.js';
import { type Peer, type RegistryMessage, receive } from '../sync/sharing/registry.js';
import {
  decodeError,
  decodeReason,
  type ErrorRecord,
  packReason,
  passErrorsOn,
  unpackReason,
} from '../wire/message/error-codec.js';
import { fromBytes, toBytes } from '../wire/process/process-bytes.js';
import { encodeForProcess, ProcessLink } from '../wire/process/process-link.js';
import {
  type FromProcess,
  LEFT_TO_PARENT,
  leavesCoverage,
  type Packed,
  type ProcessInit,
  type ToProcess,
} from '../wire/process/process-protocol.js';
import { Call } from './call.js';

/** So many answers are read, then what came from the pool. */
const READ_AT_ONCE = 64;
/** So long its thread may take to leave its coverage. */
const COVERAGE_MS = 2_000;
/** Has this process go on where its pool's is told to end: jobs may be drained there. It ends with that process. */
export function leaveSignalsToParent(): void {
  for (const signal of LEFT_TO_PARENT) process.on(signal, () => {});
}

/**
 * The main thread of a child process: runs the calls that come by message on one thread of its own, so that it is there for
 * a cancel whatever that thread does.
 */
export class ProcessHost implements JobSink<Call, RemoteWorker<Call>>, WorkerEvents<Call, RemoteWorker<Call>>, Peer {
  readonly isOpen = true;
  readonly sharesMemory = false;
  readonly #link = new ProcessLink(this);
  readonly #calls = new Map<number, Call>();
  readonly #tasks = new Map<number, Extract<ToProcess, { readonly kind: 'run' }>['task']>();
  readonly #worker: RemoteWorker<Call>;
  readonly #parking = new MainParking();
  #isEnding = false;
  #isReading = false;
  /** Not yet sent: one message takes what is read at once. */
  #printed: Printed[] = [];
  #profilers: ThreadProfilers | undefined;
  #profiling = Promise.resolve();
  /** The call whose code cancels a token at this moment. */
  #by: Call | undefined;

  /** Begins; where its thread cannot be made the pool is told why, and the process ends. */
  static start(init: ProcessInit): void {
    try {
      new ProcessHost(init);
    } catch (cause) {
      const lost = { kind: 'lost', exitCode: 1, cause: encodeForProcess(cause) } as const satisfies FromProcess;
      process.send?.(toBytes(lost), () => process.exit(1));
    }
  }

  private constructor(init: ProcessInit) {
    passErrorsOn();
    const { workerEntry, workerId, concurrency, depth, resourceLimits, isTsNodeRegistered } = init;
    const thread = new Worker(
      new URL(workerEntry),
      bare(resourceLimits === undefined ? {} : { resourceLimits: bare(resourceLimits) }),
    );
    // never parked: each answer is rung for
    this.#worker = new RemoteWorker<Call>(
      thread,
      {
        workerId,
        concurrency,
        depth,
        poolWord: this.#parking.word,
        isTsNodeRegistered,
        notesBegins: true,
        printed: [1, 2],
      },
      { sink: this, events: this },
    );
    process.on('message', (bytes) => this.#onBytes(bytes as unknown as Uint8Array));
    process.once('disconnect', () => this.#end()); // the process of the pool has ended
  }

  /**
   * Ends this process at once, whatever its thread does: by a signal, as exit() would wait for native code of a task. Where
   * it is to leave its coverage the thread is ended first, which writes its own; it has some time for that.
   */
  #end(): void {
    const kill = (): void => void process.kill(process.pid, 'SIGKILL');
    if (!leavesCoverage(process.env)) {
      kill();
      return;
    }
    this.#isEnding = true;
    this.#worker.terminate('its pool has ended it');
    setTimeout(kill, COVERAGE_MS);
  }

  tell(message: RegistryMessage): void {
    this.#send({ kind: 'exchange', message: packReason(message, encodeForProcess), by: this.#by?.run });
  }

  jobStarted(): void {}

  jobReported(call: Call, value: unknown): void {
    try {
      this.#send({ kind: 'reported', run: call.run, value: this.#link.pack(value, 'report') });
    } catch (error) {
      call.fault ??= { error };
    }
  }

  jobReturned(_worker: RemoteWorker<Call>, call: Call, value: unknown): void {
    let packed: Packed;
    try {
      if (call.fault !== undefined) throw call.fault.error;
      packed = this.#link.pack(value, 'result');
    } catch (error) {
      this.#threw(call, error, true);
      return;
    }
    this.#calls.delete(call.run);
    this.#send({ kind: 'returned', run: call.run, value: packed });
  }

  jobThrew(_worker: RemoteWorker<Call>, call: Call, thrown: Thrown): void {
    this.#threw(call, thrown.error, true);
  }

  jobFailedToStart(call: Call, thrown: Thrown): void {
    this.#threw(call, thrown.error, false);
  }

  jobStopped(worker: RemoteWorker<Call>, call: Call, end: StoppedEnd): void {
    if (end.kind === 'returned') this.jobReturned(worker, call, end.value);
    else this.jobThrew(worker, call, end.thrown);
  }

  workerReady(): void {
    this.#send({ kind: 'ready' });
  }

  workerRang(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#parking.leave();
    this.#read();
  }

  /** Reads some answers at a time: a task that reports without end must leave room for a cancel. */
  readonly #read = (): void => {
    this.#worker.drain(READ_AT_ONCE);
    if (this.#worker.results.isEmpty) {
      this.#parking.parkUntilRung();
      if (this.#worker.results.isEmpty) {
        this.#isReading = false;
        return;
      }
      this.#parking.leave();
    }
    setImmediate(this.#read);
  };

  workerExited(_worker: RemoteWorker<Call>, { exitCode, cause }: ThreadExit): void {
    while (this.#worker.drain(Number.POSITIVE_INFINITY) > 0);
    if (this.#isEnding) process.exit();
    this.#lost(exitCode, cause);
  }

  #lost(exitCode: number, cause: unknown): void {
    const lost = { kind: 'lost', exitCode, cause: cause === undefined ? undefined : encodeForProcess(cause) } as const;
    this.#send(lost, () => process.exit(exitCode));
  }

  ownTokenCancelled(call: Call, reason: unknown): void {
    this.#send({ kind: 'token-cancelled', run: call.run, reason: encodeForProcess(reason) });
  }

  childAsked(worker: RemoteWorker<Call>, parent: Call, { child, task, ...given }: ChildSubmission): void {
    let values: Packed;
    try {
      values = this.#link.pack([given.args, given.options, given.context], 'child');
    } catch (error) {
      worker.tellChildEnd(child, { error });
      return;
    }
    this.#send({ kind: 'asked', run: parent.run, child, task, values });
  }

  parentSuspended(): void {} // the relay sees to it

  workerBlocked(): void {}

  childCancelled(_worker: RemoteWorker<Call>, child: number, reason: unknown): void {
    this.#send({ kind: 'child-cancelled', child, reason: encodeForProcess(reason) });
  }

  sharedCancelled(by: Call | undefined, spread: () => void): void {
    this.#by = by;
    spread();
    this.#by = undefined;
  }

  hooksEnded(): void {}

  lateError(error: Error, jobId: number | undefined): void {
    this.#send({ kind: 'late-error', error: encodeForProcess(error), jobId });
  }

  /** Not here: by the process of the pool, where it is seen by who looks at what that one prints. */
  printed(_worker: RemoteWorker<Call>, printed: readonly Printed[]): void {
    if (this.#printed.length === 0) queueMicrotask(this.#sendPrinted);
    this.#printed.push(...printed);
  }

  #threw(call: Call, error: unknown, hasCode: boolean): void {
    this.#calls.delete(call.run);
    this.#send({ kind: 'threw', run: call.run, error: encodeForProcess(error), hasCode });
  }

  /** Where a message cannot be read, or not be done, nobody knows what it was about: the process ends, as one that has died. */
  #onBytes(bytes: Uint8Array): void {
    try {
      this.#onMessage(fromBytes(bytes) as ToProcess);
    } catch (fault) {
      this.#lost(1, fault);
    }
  }

  #onMessage(message: ToProcess): void {
    switch (message.kind) {
      case 'run':
        this.#run(message);
        break;
      case 'hook':
        this.#runHook(message);
        break;
      case 'end':
        this.#end();
        break;
      case 'task-gone':
        this.#tasks.delete(message.id);
        break;
      case 'ping':
        this.#worker.ping(() => this.#send({ kind: 'pong' }));
        break;
      case 'profile':
        this.#profiling = this.#profiling.then(() => this.#profile(message.step)); // one after the other
        break;
      case 'cancel': {
        const call = this.#calls.get(message.run);
        if (call !== undefined) this.#cancel(call, decodeReason(message.reason as ErrorRecord));
        break;
      }
      case 'child-ended':
        this.#worker.tellChildEnd(message.child, this.#unpack(message.value));
        break;
      case 'child-failed':
        this.#worker.tellChildEnd(message.child, { error: decodeError(message.error) });
        break;
      case 'exchange':
        receive(unpackReason(message.message), this);
        break;
    }
  }

  #run(message: Extract<ToProcess, { readonly kind: 'run' }>): void {
    // one object for each task: by it the thread knows that it was told of it
    const known = this.#tasks.get(message.task.id);
    if (known === undefined) this.#tasks.set(message.task.id, message.task);
    let call: Call;
    try {
      const args = this.#link.unpack(message.args, 'args') as unknown[];
      const context = message.context && (this.#link.unpack(message.context, 'context') as ContextValues);
      call = new Call({ ...message, task: known ?? message.task }, { args, context });
    } catch (error) {
      this.#send({ kind: 'threw', run: message.run, error: encodeForProcess(error), hasCode: false });
      return;
    }
    this.#calls.set(call.run, call);
    try {
      this.#worker.send(call, 0); // there is room: there are never more calls than places
      this.#worker.publish();
    } catch (error) {
      this.#threw(call, error, true);
    }
  }

  #runHook({ task, args, isAsked }: Extract<ToProcess, { readonly kind: 'hook' }>): void {
    const threw = (error: unknown): void => this.#send({ kind: 'hook-threw', error: encodeForProcess(error) });
    const given = this.#unpack(args, 'args');
    if ('error' in given) {
      threw(given.error);
      return;
    }
    this.#worker.do({
      task: { origin: task },
      args: given.value as readonly unknown[],
      argsName: 'args',
      isAsked,
      begun: () => this.#send({ kind: 'hook-begun' }),
      ended: (end) => {
        if (has(end, 'error')) {
          threw(end.error);
          return;
        }
        try {
          this.#send({ kind: 'hook-returned', value: this.#link.pack(end.value, 'result') });
        } catch (error) {
          threw(error);
        }
      },
      lost: () => {}, // this process ends
    });
  }

  #unpack(packed: Packed, root = 'result'): { readonly value: unknown } | { readonly error: unknown } {
    try {
      return { value: this.#link.unpack(packed, root) };
    } catch (error) {
      return { error };
    }
  }

  #cancel(call: Call, reason: unknown): void {
    if (this.#worker.cancel(call, reason) !== 'taken back') return;
    // its thread has not come to it, and will not: nobody else answers
    const message = cancelledMessage(`Job '${call.overrides.name}' was cancelled`, reason);
    this.#threw(call, new CancelledError(message, { reason }), true);
  }

  async #profile(step: ProfileStep): Promise<void> {
    const { threadId } = this.#worker;
    let profile: ThreadProfile | undefined;
    try {
      this.#profilers ??= await ThreadProfilers.open();
      if (step === 'start') await this.#profilers.start(threadId);
      else profile = await this.#profilers.stop(threadId);
    } catch {
      // without the inspector nothing is seen
    }
    if (step === 'stop') {
      this.#profilers?.close();
      this.#profilers = undefined;
    }
    this.#send({ kind: 'profiled', profile });
  }

  readonly #sendPrinted = (): void => {
    if (this.#printed.length === 0) return;
    const printed = this.#printed;
    this.#printed = [];
    this.#send({ kind: 'printed', printed });
  };

  #send(message: FromProcess, sent: () => void = () => {}): void {
    this.#sendPrinted(); // what was printed before goes before
    if (process.connected) process.send?.(toBytes(message), sent);
  }
}
