import type { ChildProcess, ForkOptions } from 'node:child_process';
import { bare } from '../base/bare.js';
import { setTimeout } from '../base/clock.js';
import { type ContextValues, storesOf } from '../base/context-stores.js';
import type { ChildJob, ChildOptions } from '../contract/current-job.js';
import type { Printed } from '../contract/printed.js';
import type { ProcessSettings } from '../contract/process-settings.js';
import type { TaskDefinition } from '../contract/task-origin.js';
import type { ProfileStep, ThreadProfile } from '../contract/thread-profile.js';
import { type Peer, type RegistryMessage, receive, threadGone } from '../sync/sharing/registry.js';
import {
  decodeError,
  decodeReason,
  type ErrorRecord,
  encodeError,
  packReason,
  passErrorsOn,
  unpackReason,
} from '../wire/message/error-codec.js';
import { fromBytes, toBytes } from '../wire/process/process-bytes.js';
import { encodeForProcess, ProcessLink } from '../wire/process/process-link.js';
import {
  type FromProcess,
  isLeftToParent,
  leavesCoverage,
  type Packed,
  type ToProcess,
} from '../wire/process/process-protocol.js';
import { BeginNotesReader, NOTES_FD } from './begin-notes.js';
import { KnownOrigin } from './children.js';
import type { HookReplies } from './hook-replies.js';
import type { JobContext } from './job-context.js';
import type { KnownTask, TaskCode } from './tasks/known-task.js';

/** What the relay asks of the loop that it serves. */
export interface RelayDeps {
  readonly workerId: number;
  readonly concurrency: number;
  readonly depth: number;
  readonly isTsNodeRegistered: boolean;
  readonly hooks: HookReplies;
  /** The child process takes calls. */
  processReady(): void;
  /** The event loop turns in which its jobs run. */
  processAnswered(): void;
  /** The code of a job has begun there. */
  begun(context: JobContext): void;
  /** The process ended before it began the job. */
  neverBegan(context: JobContext): void;
  /** It has ended. */
  processEnded(exitCode: number, cause: ErrorRecord | undefined): void;
  lateError(error: ErrorRecord, jobId: number | undefined): void;
  printed(printed: readonly Printed[]): void;
  profiled(profile: ThreadProfile | undefined): void;
  /** Runs `fn` as code of the job. */
  asJob(context: JobContext | undefined, fn: () => void): void;
}

interface Call {
  readonly context: JobContext;
  hasBegun: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** A report of it could not be read: it fails by that once its code has ended. */
  fault: { readonly error: unknown } | undefined;
}

/** Thrown for a call whose code did not begin: it was not found, or its arguments could not be sent. */
export class NoCode {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** A process that a signal ends while it starts is started again so often. */
const MOST_RESTARTS = 3;
/** So long a process that is to leave its coverage may take to end by itself. */
const COVERAGE_MS = 3_000;

/**
 * Runs a worker's jobs in a child process of its own. To the pool the worker is a thread as any other; each call goes to
 * the process by message, and so do a cancel, a report and the result.
 */
export class ProcessRelay implements Peer {
  readonly sharesMemory = false;
  readonly #host: RelayDeps;
  readonly #settings: ProcessSettings;
  #child: ChildProcess;
  #isReady = false;
  #restarts = 0;
  readonly #link = new ProcessLink(this);
  readonly #calls = new Map<number, Call>();
  readonly #children = new Map<number, ChildJob<unknown>>();
  #lastRun = 0;
  #isEnding = false;
  #hasEnded = false;
  #lost: { readonly exitCode: number; readonly cause: ErrorRecord | undefined } | undefined;

  constructor(settings: ProcessSettings, host: RelayDeps) {
    this.#host = host;
    passErrorsOn();
    this.#settings = settings;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const { entry, execArgv, workerEntry, resourceLimits } = this.#settings;
    const { workerId, concurrency, depth, isTsNodeRegistered } = this.#host;
    // asked for when needed, not imported: only pools of child processes pay for it in the start of their threads
    const { fork } = process.getBuiltinModule('node:child_process');
    // what they inherit Node.js obeys, and of an environment it passes on what that inherits
    const options: ForkOptions = bare({
      serialization: 'advanced',
      env: bare(process.env),
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'],
    });
    if (execArgv !== undefined) options.execArgv = [...execArgv];
    const child = fork(entry, [], options);
    this.#child = child;
    child.on('message', (bytes) => this.#onBytes(bytes as unknown as Uint8Array));
    child.on('error', (error) => {
      if (child.pid === undefined) this.#host.processEnded(1, encodeError(error)); // else 'exit' follows
    });
    const notes = new BeginNotesReader((id, attempt) => this.#noteBegin(id, attempt));
    // there is none where the process could not be made, for want of file descriptors
    const notesPipe = (child.stdio as ChildProcess['stdio'] | undefined)?.[NOTES_FD];
    notesPipe?.on('error', () => {}); // 'close' follows
    notesPipe?.on('data', (chunk: Uint8Array) => notes.read(chunk));
    child.once('exit', async (code, signal) => {
      // what it has said before it ended may still have to be read
      if (child.connected) await new Promise((resolve) => child.once('disconnect', resolve));
      if (notesPipe?.closed === false) await new Promise((resolve) => notesPipe.once('close', resolve));
      this.#onExit(code, signal);
    });
    this.#send({ kind: 'init', workerEntry, workerId, concurrency, depth, resourceLimits, isTsNodeRegistered });
    return child;
  }

  get isOpen(): boolean {
    return this.#child.connected;
  }

  tell(message: RegistryMessage): void {
    this.#send({ kind: 'exchange', message: packReason(message, encodeForProcess) });
  }

  /** Asks the thread over there that runs the jobs: this one's event loop turns whatever they do. */
  ping(): void {
    this.#send({ kind: 'ping' });
  }

  /** Ends the process at once, whatever runs there: where it is to leave its coverage, within a time. */
  end(): void {
    this.#isEnding = true;
    if (!leavesCoverage(process.env)) {
      this.#child.kill('SIGKILL');
      return;
    }
    this.#send({ kind: 'end' });
    setTimeout(() => this.#child.kill('SIGKILL'), COVERAGE_MS);
  }

  profile(step: ProfileStep): void {
    this.#send({ kind: 'profile', step });
  }

  forget(taskId: number): void {
    this.#send({ kind: 'task-gone', id: taskId });
  }

  /** Has the process run a task that is no job. */
  run(task: TaskDefinition, args: readonly unknown[], isAsked: boolean): void {
    try {
      this.#send({ kind: 'hook', task, args: this.#link.pack(args, 'args'), isAsked });
    } catch (error) {
      this.#host.hooks.threw(error);
    }
  }

  /** What calls the task over there. */
  codeOf(task: KnownTask, taskId: number): TaskCode {
    const relay = this;
    return function (this: unknown, ...args: readonly unknown[]): Promise<unknown> {
      return relay.#call(this as JobContext, { id: taskId, origin: task.definition }, args);
    };
  }

  #call(
    context: JobContext,
    task: { readonly id: number; readonly origin: KnownTask['definition'] },
    args: readonly unknown[],
  ): Promise<unknown> {
    const run = ++this.#lastRun;
    const packed = this.#pack(args, 'args');
    const { id, name, priority, attempt } = context;
    const hasContext = Object.keys(context.context).length > 0;
    const packedContext = hasContext ? this.#pack(context.context, 'context') : undefined;
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        this.#host.neverBegan(context);
        return; // nobody answers it: this thread ends
      }
      this.#calls.set(run, { context, hasBegun: false, resolve, reject, fault: undefined });
      this.#send({ kind: 'run', run, id, name, priority, attempt, task, args: packed, context: packedContext });
      context.token.onCancel((reason) => {
        if (this.#calls.has(run)) this.#send({ kind: 'cancel', run, reason: encodeForProcess(reason) });
      });
    });
  }

  /** @throws {NoCode} as the code has not begun where its arguments cannot go. */
  #pack(value: unknown, root: string): Packed {
    try {
      return this.#link.pack(value, root);
    } catch (error) {
      throw new NoCode(error as Error);
    }
  }

  #noteBegin(id: number, attempt: number): void {
    for (const call of this.#calls.values())
      if (call.context.id === id && call.context.attempt === attempt) this.#begun(call);
  }

  #begun(call: Call): void {
    if (call.hasBegun) return;
    call.hasBegun = true;
    this.#host.begun(call.context);
  }

  /** Where a message cannot be read, or not be done, nobody knows what it was about: the process ends, as one that has died. */
  #onBytes(bytes: Uint8Array): void {
    try {
      this.#onMessage(fromBytes(bytes) as FromProcess);
    } catch (fault) {
      this.#lost ??= { exitCode: 1, cause: encodeError(fault) };
      this.#child.kill('SIGKILL');
    }
  }

  #onMessage(message: FromProcess): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        this.#host.processReady();
        break;
      case 'pong':
        this.#host.processAnswered();
        break;
      case 'reported':
        this.#reported(message.run, message.value);
        break;
      case 'returned':
        this.#returned(message.run, message.value);
        break;
      case 'threw': {
        const error = decodeError(message.error);
        if (message.hasCode) this.#take(message.run)?.reject(error);
        else this.#drop(message.run)?.reject(new NoCode(error));
        break;
      }
      case 'token-cancelled':
        this.#callOf(message.run)?.context.token.cancel(decodeReason(message.reason as ErrorRecord));
        break;
      case 'asked':
        this.#asked(message);
        break;
      case 'child-cancelled':
        this.#children.get(message.child)?.cancel(decodeReason(message.reason as ErrorRecord));
        break;
      case 'hook-begun':
        this.#host.hooks.begun();
        break;
      case 'hook-returned':
        this.#hookReturned(message.value);
        break;
      case 'hook-threw':
        this.#host.hooks.threw(decodeError(message.error));
        break;
      case 'late-error':
        this.#host.lateError(message.error, message.jobId);
        break;
      case 'profiled':
        this.#host.profiled(message.profile);
        break;
      case 'printed':
        this.#host.printed(message.printed);
        break;
      case 'lost':
        this.#lost = message;
        break;
      case 'exchange': {
        const context = message.by === undefined ? undefined : this.#calls.get(message.by)?.context;
        this.#host.asJob(context, () => receive(unpackReason(message.message), this));
        break;
      }
    }
  }

  #reported(run: number, value: Packed): void {
    const call = this.#callOf(run);
    try {
      call?.context.report(this.#link.unpack(value, 'report'));
    } catch (error) {
      if (call !== undefined) call.fault ??= { error };
    }
  }

  #returned(run: number, packed: Packed): void {
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

  #hookReturned(packed: Packed): void {
    let value: unknown;
    try {
      value = this.#link.unpack(packed, 'result');
    } catch (error) {
      this.#host.hooks.threw(error);
      return;
    }
    this.#host.hooks.returned(value);
  }

  /** Submits a child for a call's code, and tells it how the child ended. */
  #asked({ run, child, task, values }: Extract<FromProcess, { readonly kind: 'asked' }>): void {
    const failed = (error: unknown): void => {
      this.#children.delete(child);
      this.#send({ kind: 'child-failed', child, error: encodeForProcess(error) });
    };
    try {
      const context = this.#callOf(run)?.context;
      if (context === undefined) throw new Error('The job that submitted it has ended');
      const [args, options, given] = this.#link.unpack(values, 'child') as [
        readonly unknown[],
        ChildOptions,
        ContextValues | undefined,
      ];
      const job: ChildJob<unknown> = context.submit(new KnownOrigin(task), args, {
        ...options,
        context: given === undefined ? undefined : storesOf(given),
      });
      this.#children.set(child, job);
      Promise.resolve(job)
        .then((value) => {
          const packed = this.#link.pack(value, 'result');
          this.#children.delete(child);
          this.#send({ kind: 'child-ended', child, value: packed });
        })
        .catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** The call that the process says something of: it has begun, although the note of it may still be under way. */
  #callOf(run: number): Call | undefined {
    const call = this.#calls.get(run);
    if (call !== undefined) this.#begun(call);
    return call;
  }

  /** A call whose code has ended. */
  #take(run: number): Call | undefined {
    this.#callOf(run);
    return this.#drop(run);
  }

  #drop(run: number): Call | undefined {
    const call = this.#calls.get(run);
    this.#calls.delete(run);
    return call;
  }

  #send(message: ToProcess): void {
    if (this.#child.connected) this.#child.send(toBytes(message), () => {}); // what could not be sent, as it has ended, is told there
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    // a signal to all processes of a terminal or a service, before this one could leave it to the pool's
    if (!this.#isReady && !this.#isEnding && isLeftToParent(signal) && this.#restarts++ < MOST_RESTARTS) {
      this.#start();
      return;
    }
    this.#hasEnded = true;
    threadGone(this, []);
    for (const { context, hasBegun } of this.#calls.values()) if (!hasBegun) this.#host.neverBegan(context);
    if (this.#isEnding) this.#host.processEnded(1, undefined);
    else if (this.#lost !== undefined) this.#host.processEnded(this.#lost.exitCode, this.#lost.cause);
    else if (signal === null) this.#host.processEnded(code ?? 1, undefined);
    else this.#host.processEnded(1, encodeError(new Error(`The process was ended by ${signal}`)));
  }
}
