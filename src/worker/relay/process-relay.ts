import type { CollectionStep } from '../../contract/collections.js';
import type { ProcessSettings } from '../../contract/process-settings.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import type { ProfileStep } from '../../contract/thread-profile.js';
import { type Peer, type RegistryMessage, receive, threadGone } from '../../sync/sharing/registry.js';
import { Control } from '../../wire/lane/layout.js';
import type { SlotTable } from '../../wire/lane/slot-table.js';
import {
  decodeError,
  decodeReason,
  type ErrorRecord,
  packReason,
  passErrorsOn,
  unpackReason,
} from '../../wire/message/error-codec.js';
import { encodeForProcess, ProcessLink } from '../../wire/process/process-link.js';
import type { FromProcess, Packed } from '../../wire/process/process-protocol.js';
import type { HookTurns, RunsHooks } from '../hooks/hook-turns.js';
import { type JobContext, numberOf, seqOf } from '../job-context.js';
import type { JobRunner } from '../job-runner.js';
import type { JobScopes } from '../job-scopes.js';
import type { Output } from '../output.js';
import type { PoolPort } from '../pool-port.js';
import type { ResultSender } from '../results/result-sender.js';
import type { Talk } from '../talk/talk.js';
import { type CommonArgs, FailedToStart, type KnownTask, type TaskCode, type TaskRunner } from '../tasks/known-task.js';
import { RelayCalls } from './relay-calls.js';
import { RelayChildren } from './relay-children.js';
import { RelayTalk } from './relay-talk.js';
import { type ProcessEnd, type ProcessIdentity, RelayedProcess } from './relayed-process.js';

/** The worker's parts that a relay uses. */
export interface RelayDeps {
  readonly controlWords: Int32Array;
  readonly slots: SlotTable;
  readonly port: PoolPort;
  readonly output: Output;
  readonly results: ResultSender;
  readonly scopes: JobScopes;
  readonly runner: JobRunner;
  readonly talk: Talk;
  readonly hookTurns: HookTurns;
}

/** A task, and whether the process has its common arguments. */
interface RelayedTask {
  readonly id: number;
  readonly task: KnownTask;
  isKnown: boolean;
}

/**
 * Runs a worker's jobs in a child process of its own. To the pool the worker is a thread like any other; each call goes to
 * the process by message, and so do a cancel, a report and the result.
 */
export class ProcessRelay implements Peer, TaskRunner, RunsHooks {
  readonly sharesMemory = false;
  readonly #deps: RelayDeps;
  readonly #process: RelayedProcess;
  readonly #link = new ProcessLink(this);
  readonly #calls: RelayCalls;
  readonly #children: RelayChildren;
  readonly #talk: RelayTalk;

  constructor(settings: ProcessSettings, identity: ProcessIdentity, deps: RelayDeps) {
    this.#deps = deps;
    passErrorsOn();
    this.#calls = new RelayCalls(this.#link, {
      begun: (context) => deps.runner.begunInProcess(context),
      neverBegan: (context) => void deps.slots.unbegin(seqOf(context)),
    });
    const child = new RelayedProcess(settings, identity, {
      received: (message) => this.#onMessage(message),
      begun: (id, attempt) => this.#calls.noted(id, attempt),
      exited: (end) => this.#exited(end),
      notMade: (error) => this.#processEnded({ exitCode: 1, cause: error }),
    });
    this.#process = child;
    this.#children = new RelayChildren(this.#link, (message) => child.send(message));
    this.#talk = new RelayTalk(this.#link, (message) => child.send(message));
  }

  get isOpen(): boolean {
    return this.#process.isOpen;
  }

  post(message: RegistryMessage): void {
    this.#process.send({ kind: 'registry', message: packReason(message, encodeForProcess) });
  }

  /** Asks the thread in the process that runs the jobs: this thread's event loop turns whatever they do. */
  ping(): void {
    this.#process.send({ kind: 'ping' });
  }

  /** Ends the process: see `RelayedProcess.end`. */
  end(): void {
    this.#process.end();
  }

  profile(step: ProfileStep): void {
    this.#process.send({ kind: 'profile', step });
  }

  watchCollections(step: CollectionStep): void {
    this.#process.send({ kind: 'collections', step });
  }

  forget(taskId: number): void {
    this.#process.send({ kind: 'task-gone', id: taskId });
  }

  /** Has the process run a hook. */
  run(task: TaskDefinition, args: readonly unknown[], wantsResult: boolean): void {
    try {
      this.#process.send({ kind: 'hook', task, args: this.#link.pack(args, 'args'), wantsResult });
    } catch (error) {
      this.#deps.hookTurns.replies.threw(error);
    }
  }

  /** Returns a function that calls the task in the process. */
  codeOf(task: KnownTask, taskId: number): TaskCode {
    const relay = this;
    const relayed: RelayedTask = { id: taskId, task, isKnown: false };
    return function (this: unknown, ...args: readonly unknown[]): Promise<unknown> {
      return relay.#call(this as JobContext, relayed, args);
    };
  }

  #call(context: JobContext, relayed: RelayedTask, args: readonly unknown[]): Promise<unknown> {
    const run = this.#calls.nextRun();
    const packed = this.#pack(args, 'args');
    const task = { id: relayed.id, origin: relayed.task.definition };
    const commonArgs = relayed.isKnown ? undefined : this.#packCommonArgs(relayed.task.commonArgs);
    const { name, priority, attempt } = context;
    const shownId = typeof context.id === 'string' ? context.id : undefined;
    const identity = { id: numberOf(context), shownId, name, priority, attempt };
    const hasContext = Object.keys(context.context).length > 0;
    const packedContext = hasContext ? this.#pack(context.context, 'context') : undefined;
    return this.#calls.open(run, context, () => {
      relayed.isKnown = true;
      const job = { ...identity, task, args: packed, commonArgs, context: packedContext };
      this.#process.send({ kind: 'run', run, ...job });
      context.token.onCancel((reason) => {
        if (this.#calls.has(run)) this.#process.send({ kind: 'cancel', run, reason: encodeForProcess(reason) });
      });
      this.#deps.talk.forward(context, (received, isKept) => this.#talk.post(run, received, isKept));
    });
  }

  #packCommonArgs(common: CommonArgs): Packed | undefined {
    if ('fault' in common) throw new FailedToStart(common.fault);
    return common.list.length === 0 ? undefined : this.#pack(common.list, 'options.args');
  }

  /** @throws {FailedToStart} if the value cannot be sent: the code has not begun. */
  #pack(value: unknown, root: string): Packed {
    try {
      return this.#link.pack(value, root);
    } catch (error) {
      throw new FailedToStart(error as Error);
    }
  }

  #onMessage(message: FromProcess): void {
    const { port, output, results, scopes, hookTurns } = this.#deps;
    switch (message.kind) {
      case 'ready':
        this.#process.ready();
        hookTurns.ready(this.#process.pid);
        break;
      case 'pong':
      case 'heap-full':
      case 'late-error':
      case 'profiled':
      case 'collected':
        port.post(message);
        break;
      case 'reported':
        this.#calls.reported(message.run, message.value);
        break;
      case 'returned':
        this.#calls.returned(message.run, message.value);
        break;
      case 'threw': {
        const error = decodeError(message.error);
        if (message.hasCode) this.#calls.threw(message.run, error);
        else this.#calls.failedToStart(message.run, error);
        break;
      }
      case 'token-cancelled':
        this.#calls.contextOfBegun(message.run)?.token.cancel(decodeReason(message.reason as ErrorRecord));
        break;
      case 'child-submitted':
        this.#children.submit(this.#calls.contextOfBegun(message.run), message);
        break;
      case 'child-cancelled':
        this.#children.cancel(message.child, decodeReason(message.reason as ErrorRecord));
        break;
      case 'called':
        this.#talk.called(this.#calls.contextOfBegun(message.run), message);
        break;
      case 'message-read': {
        const context = this.#calls.contextOfBegun(message.run);
        if (context !== undefined) results.messageRead(context);
        break;
      }
      case 'hook-begun':
        hookTurns.replies.begun();
        break;
      case 'hook-returned':
        this.#hookReturned(message.value);
        break;
      case 'hook-threw':
        hookTurns.replies.threw(decodeError(message.error));
        break;
      case 'printed':
        output.forward(message.printed);
        break;
      case 'lost':
        this.#process.lost(message);
        break;
      case 'registry': {
        const context = this.#calls.contextOf(message.by);
        const receiveIt = (): void => receive(unpackReason(message.message), this);
        if (context === undefined) receiveIt();
        else scopes.run(context, receiveIt);
        break;
      }
    }
  }

  #hookReturned(packed: Packed): void {
    const { replies } = this.#deps.hookTurns;
    let value: unknown;
    try {
      value = this.#link.unpack(packed, 'result');
    } catch (error) {
      replies.threw(error);
      return;
    }
    replies.returned(value);
  }

  #exited(end: ProcessEnd): void {
    threadGone(this, []);
    this.#calls.abandon();
    this.#processEnded(end);
  }

  #processEnded({ exitCode, cause }: ProcessEnd): void {
    const { controlWords, port } = this.#deps;
    Atomics.store(controlWords, Control.PROCESS_ENDED, 1);
    Atomics.notify(controlWords, Control.PROCESS_ENDED);
    port.post({ kind: 'process-ended', exitCode, cause });
  }
}
