import { Worker, type WorkerOptions } from 'node:worker_threads';
import { bare } from '../base/bare.js';
import { setImmediate, setTimeout } from '../base/clock.js';
import type { ContextValues } from '../base/context-stores.js';
import type { InFlightJobTask } from '../base/in-flight-job.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Collection, CollectionStep } from '../contract/collections.js';
import type { FunctionCall } from '../contract/pool-functions.js';
import type { Printed } from '../contract/printed.js';
import { SHUT_DOWN } from '../contract/worker-end.js';
import { CancelledError, cancelledMessage } from '../errors.js';
import { MainParking } from '../host/main-parking.js';
import { RemoteWorker } from '../host/remote-worker.js';
import type { ThreadExit } from '../host/thread-exit.js';
import type { WorkerEvents } from '../host/worker-events.js';
import { receive } from '../sync/sharing/registry.js';
import {
  decodeError,
  decodeReason,
  type ErrorRecord,
  passErrorsOn,
  unpackReason,
} from '../wire/message/error-codec.js';
import { fromBytes, toBytes } from '../wire/process/process-bytes.js';
import { encodeForProcess } from '../wire/process/process-link.js';
import {
  type FromProcess,
  LEFT_TO_PARENT,
  leavesCoverage,
  type ProcessInit,
  type ToProcess,
} from '../wire/process/process-protocol.js';
import { Call } from './call.js';
import { Calls } from './calls.js';
import { runHook } from './hook-relay.js';
import { PoolLink } from './pool-link.js';
import { ProcessProfiler } from './process-profiler.js';

/** How many answers are read before messages from the pool get a turn. */
const READ_AT_ONCE = 64;
/** Longest wait for the thread to write its coverage. */
const COVERAGE_MS = 2_000;

/**
 * Ignores signals meant for the pool's process, which may still drain jobs. This process ends with that one.
 */
export function leaveSignalsToParent(): void {
  for (const signal of LEFT_TO_PARENT) process.on(signal, () => {});
}

/**
 * The main thread of a child process: runs the calls that arrive by message on one thread of its own, so that it can pass on a
 * cancel whatever that thread does.
 */
export class ProcessHost implements WorkerEvents<Call, RemoteWorker<Call>> {
  readonly #pool = new PoolLink();
  readonly #calls = new Calls(this.#pool);
  /** The tasks that have been called, or why their common arguments cannot be read. */
  readonly #tasks = new Map<number, { readonly task: InFlightJobTask } | { readonly fault: unknown }>();
  readonly #worker: RemoteWorker<Call>;
  readonly #parking = new MainParking();
  readonly #profiler: ProcessProfiler;
  #isEnding = false;
  #isReading = false;

  /** Starts the host. If its thread cannot be made, it reports why, and the process exits. */
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
    const { workerEntry, workerId, concurrency, depth, resourceLimits, argv, isTsNodeRegistered, around, heapLimitMb } =
      init;
    const thread = new Worker(
      new URL(workerEntry),
      bare<WorkerOptions>(
        argv === undefined ? {} : { argv: [...argv] },
        resourceLimits === undefined ? {} : { resourceLimits: bare(resourceLimits) },
      ),
    );
    // parked only until rung, never until a timer: the thread rings for each answer
    this.#worker = new RemoteWorker<Call>(
      thread,
      {
        workerId,
        concurrency,
        depth,
        poolWord: this.#parking.word,
        isTsNodeRegistered,
        around,
        heapLimitMb,
        notesBegins: true,
        printed: [1, 2],
      },
      { sink: this.#calls, events: this },
    );
    this.#profiler = new ProcessProfiler(
      () => this.#worker.threadId,
      (profile) => this.#pool.send({ kind: 'profiled', profile }),
    );
    process.on('message', (bytes) => this.#onBytes(bytes as unknown as Uint8Array));
    process.once('disconnect', () => this.#end()); // the process of the pool has ended
  }

  workerReady(): void {
    this.#pool.send({ kind: 'ready' });
  }

  hooksEnded(): void {}

  workerRang(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#parking.leave();
    this.#read();
  }

  workerExited(_worker: RemoteWorker<Call>, { exitCode, cause }: ThreadExit): void {
    while (this.#worker.drain(Number.POSITIVE_INFINITY) > 0);
    if (this.#isEnding) process.exit();
    this.#lost(exitCode, cause);
  }

  ownTokenCancelled(call: Call, reason: unknown): void {
    this.#calls.ownTokenCancelled(call, reason);
  }

  childSubmitted(worker: RemoteWorker<Call>, parent: Call, child: ChildSubmission): void {
    this.#calls.childSubmitted(worker, parent, child);
  }

  parentSuspended(): void {} // the relay's thread counts places

  workerBlocked(): void {}

  childCancelled(_worker: RemoteWorker<Call>, child: number, reason: unknown): void {
    this.#pool.send({ kind: 'child-cancelled', child, reason: encodeForProcess(reason) });
  }

  functionCalled(worker: RemoteWorker<Call>, call: Call, asked: FunctionCall): void {
    this.#calls.functionCalled(worker, call, asked);
  }

  heapFull(): void {
    this.#pool.send({ kind: 'heap-full' });
  }

  collected(_worker: RemoteWorker<Call>, collections: readonly Collection[], done?: CollectionStep): void {
    this.#pool.send({ kind: 'collected', collections, done });
  }

  messageRead(call: Call): void {
    this.#calls.messageRead(call);
  }

  sharedCancelled(by: Call | undefined, spread: () => void): void {
    this.#pool.attributing(by?.run, spread);
  }

  lateError(error: Error, jobId: number | string | undefined): void {
    this.#pool.send({ kind: 'late-error', error: encodeForProcess(error), jobId });
  }

  printed(_worker: RemoteWorker<Call>, printed: readonly Printed[]): void {
    this.#pool.print(printed);
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

  /**
   * Ends this process at once, whatever its thread does: by a signal, as exit() would wait for native code of a task. If the
   * process is to write its coverage, the thread is ended first and given some time to write its own.
   */
  #end(): void {
    const kill = (): void => void process.kill(process.pid, 'SIGKILL');
    if (!leavesCoverage(process.env)) {
      kill();
      return;
    }
    this.#isEnding = true;
    this.#worker.terminate(SHUT_DOWN);
    setTimeout(kill, COVERAGE_MS);
  }

  #lost(exitCode: number, cause: unknown): void {
    const lost = { kind: 'lost', exitCode, cause: cause === undefined ? undefined : encodeForProcess(cause) } as const;
    this.#pool.send(lost, () => process.exit(exitCode));
  }

  /** If a message cannot be read or handled, nobody knows what it was about: the process exits as one that has died. */
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
        runHook(this.#worker, this.#pool, message);
        break;
      case 'end':
        this.#end();
        break;
      case 'task-gone':
        this.#tasks.delete(message.id);
        break;
      case 'ping':
        this.#worker.ping(() => this.#pool.send({ kind: 'pong' }));
        break;
      case 'profile':
        this.#profiler.do(message.step);
        break;
      case 'collections':
        this.#worker.post(message);
        break;
      case 'cancel': {
        const call = this.#calls.get(message.run);
        if (call !== undefined) this.#cancel(call, decodeReason(message.reason as ErrorRecord));
        break;
      }
      case 'child-ended':
        this.#worker.talk.postChildEnd(message.child, this.#pool.tryUnpack(message.value, 'result'));
        break;
      case 'child-failed':
        this.#worker.talk.postChildEnd(message.child, { error: decodeError(message.error) });
        break;
      case 'posted':
      case 'post-failed':
        this.#calls.posted(this.#worker, message);
        break;
      case 'call-returned':
        this.#worker.talk.postCallEnd(message.call, this.#pool.tryUnpack(message.value, 'result'));
        break;
      case 'call-threw':
        this.#worker.talk.postCallEnd(message.call, { error: decodeError(message.error) });
        break;
      case 'registry':
        receive(unpackReason(message.message), this.#pool);
        break;
    }
  }

  #run(message: Extract<ToProcess, { readonly kind: 'run' }>): void {
    let call: Call;
    try {
      const task = this.#taskOf(message);
      const args = this.#pool.unpack(message.args, 'args') as unknown[];
      const context = message.context && (this.#pool.unpack(message.context, 'context') as ContextValues);
      call = new Call(message, { task, args, context });
    } catch (error) {
      this.#calls.failedToStart(message.run, error);
      return;
    }
    this.#calls.add(call);
    try {
      this.#worker.send(call, 0); // there is room: there are never more calls than places
      this.#worker.publish();
    } catch (error) {
      this.#calls.threw(call, error);
    }
  }

  /** One object for each task: by its identity the lane knows that the thread has the task's definition. */
  #taskOf({ task, commonArgs }: Extract<ToProcess, { readonly kind: 'run' }>): InFlightJobTask {
    let known = this.#tasks.get(task.id);
    if (known === undefined) {
      const given = commonArgs && this.#pool.tryUnpack(commonArgs, 'options.args');
      const list = given !== undefined && 'value' in given ? (given.value as readonly unknown[]) : undefined;
      known =
        given !== undefined && 'error' in given ? { fault: given.error } : { task: { ...task, commonArgs: list } };
      this.#tasks.set(task.id, known);
    }
    if ('fault' in known) throw known.fault;
    return known.task;
  }

  #cancel(call: Call, reason: unknown): void {
    if (this.#worker.cancel(call, reason) !== 'taken back') return;
    // the thread has not begun the call and never will: nobody else settles it
    const message = cancelledMessage(`Job '${call.overrides.name}' was cancelled`, reason);
    this.#calls.threw(call, new CancelledError(message, { reason }));
  }
}
