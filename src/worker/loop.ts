import { AsyncLocalStorage } from 'node:async_hooks';
import type { MessagePort } from 'node:worker_threads';
import { outsideRequests } from '../base/async-context.js';
import { nextTick, now, setImmediate } from '../base/clock.js';
import { enterNesting } from '../base/nesting.js';
import { whenSettled } from '../base/promises.js';
import { RareMap } from '../base/rare-map.js';
import type { ChildJob, ChildOptions } from '../contract/current-job.js';
import type { Fd, Printed } from '../contract/printed.js';
import type { TaskDefinition } from '../contract/task-origin.js';
import { NotCloneableError } from '../errors.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import { type Peer, type RegistryMessage, receive, setCurrentJobCheck } from '../sync/sharing/registry.js';
import { joinWakeups, setBlockListener } from '../sync/waiting/wakeup.js';
import { Control } from '../wire/lane/layout.js';
import { SlotTable } from '../wire/lane/slot-table.js';
import { encodeError, packReason, unpackReason } from '../wire/message/error-codec.js';
import { PayloadPort } from '../wire/message/payload-port.js';
import { DOORBELL, type FromWorker, type ToWorker, type WorkerInit } from '../wire/message/protocol.js';
import { ValueChannel } from '../wire/message/value-channel.js';
import { BeginNotes } from './begin-notes.js';
import { openBridge } from './bridge.js';
import { Children } from './children.js';
import { EnteredContexts, inEmptyContext } from './entered-contexts.js';
import { HookReplies } from './hook-replies.js';
import { HookRunner } from './hook-runner.js';
import {
  type ContextHost,
  cancelled,
  close,
  isAnnounced,
  isOpen,
  JobContext,
  openChildrenOf,
  raiseToken,
  seqOf,
  taskOf,
} from './job-context.js';
import { LateErrors } from './late-errors.js';
import { MainDoorbell } from './main-doorbell.js';
import { Output, type OutputLane } from './output.js';
import { Parking } from './parking.js';
import { ProcessRelay, type RelayDeps } from './process-relay.js';
import { NoCode } from './relay-calls.js';
import { RequestReader } from './request-reader.js';
import { ResultWriter } from './result-writer.js';
import { explainMissingName } from './tasks/closure-hint.js';
import { type Awaitable, awaitableOf, drive, iteratorOf } from './tasks/generator-task.js';
import type { KnownTask, TaskCode } from './tasks/known-task.js';
import { TaskTable } from './tasks/task-table.js';

const { apply } = Reflect;
const { exit } = process;
/** A worker that runs jobs without a pause lets its event loop turn this often, for timers and sockets of tasks. */
const TURN_MS = 5;
/** A hook that has come, and waits for its turn; `fault`: its arguments cannot be read. */
interface ComingHook {
  readonly task: TaskDefinition;
  readonly args: { readonly values: readonly unknown[] } | { readonly fault: unknown };
  readonly isAsked: boolean;
}

/** The loop inside a worker: takes jobs from its request lane, runs them, writes their answers. */
export class WorkerLoop implements ContextHost, OutputLane {
  readonly workerId: number;
  readonly slots: SlotTable;
  /** It runs on the thread of its pool. */
  readonly #isInline: boolean;
  #isStopped = false;
  #closeBridge = (): void => {};
  readonly #concurrency: number;
  readonly #controlWords: Int32Array;
  readonly #port: MessagePort;
  readonly #requests: RequestReader;
  readonly #results: ResultWriter;
  readonly #output: Output;
  readonly #printed: readonly Fd[];
  readonly #bell: MainDoorbell;
  readonly #parking: Parking;
  readonly #tasks = new TaskTable();
  /** Jobs whose code has returned a promise that is not settled. */
  readonly #open = new RareMap<number, JobContext>();
  /** Those of them that began before their task was known to return promises: an error of theirs names no job. */
  readonly #unwatched = new Set<JobContext>();
  readonly #asyncJob = new AsyncLocalStorage<JobContext>();
  readonly #main: Peer;
  /** What messages refer to: arguments and results of hooks, results of children. */
  readonly #values: ValueChannel;
  /** Where the jobs run in a child process. */
  readonly #relay: ProcessRelay | undefined;
  /** In a child process. */
  readonly #notes: BeginNotes | undefined;
  /** The task whose code this thread is in, and the job it runs for, once somebody has asked for it. */
  #running: KnownTask | undefined;
  #current: JobContext | undefined;
  /** Of the open jobs, how many wait for children: they hold no place. */
  #suspended = 0;
  readonly #children: Children;
  readonly #hooks: HookRunner;
  readonly #answers: HookReplies;
  readonly #lateErrors = new LateErrors();
  /** How many hooks have to return before the first job begins; those that wait for their turn; whether one is under way. */
  #hooksFirst: number;
  readonly #hooksToCome: ComingHook[] = [];
  #isChoring = false;
  #isRunning = false;
  #isLoading = false;
  /** A module is being loaded, on this stack. */
  #isInLoader = false;
  /** Where jobs have a thread to themselves. */
  #entered: EnteredContexts | undefined;
  #turnStartedMs = 0;
  /** The last look at the clock: one a job, as a look costs 35 ns. The end of a job is the start of the next. */
  #clockMs = 0;

  constructor(init: WorkerInit, isInline: boolean) {
    this.#isInline = isInline;
    if (!this.#isInline) {
      joinWakeups(init.bells, init.bell);
      enterNesting(init.depth, new AsyncLocalStorage());
    }
    this.workerId = init.workerId;
    this.#concurrency = init.concurrency;
    this.#hooksFirst = init.hooksFirst;
    this.#controlWords = init.memory.control;
    this.#port = init.control;
    this.slots = new SlotTable(init.memory.slots);
    this.#main = { isOpen: true, sharesMemory: true, tell: (message) => this.#tell(message) };
    this.#values = new ValueChannel((message, transfer) => this.#post(message, transfer), this.#main);
    const payload = new PayloadPort(init.payload, this.#main);
    this.#children = new Children(
      {
        ask: (parent, child) => {
          this.#results.asked(seqOf(parent), child);
          this.#bell.ring();
        },
        cancel: (child, reason) => this.#post({ kind: 'child-cancelled', child, reason }),
        parentChanged: (parent) => this.#parentChanged(parent),
      },
      this.#values,
    );
    this.#requests = new RequestReader(init.memory, init.payload, payload);
    this.#bell = new MainDoorbell(init.poolWord, init.memory.control, init.control, this.#requests);
    this.#parking = new Parking(init.memory.control, this.#requests);
    this.#results = new ResultWriter(init.memory, payload);
    const answers = new HookReplies((message) => {
      this.#output.show(); // it has been printed when the hook has ended
      this.#hookTells(message);
    }, this.#values);
    this.#answers = answers;
    this.#hooks = new HookRunner(this.workerId, answers, (context, fn) => this.#asyncJob.run(context, fn));
    this.#output = new Output(this);
    this.#printed = init.printed;
    this.#notes = init.notesBegins ? new BeginNotes() : undefined;
    if (init.process === undefined) return;
    this.#relay = new ProcessRelay(init.process, this.#relayHost(init, answers));
    this.#tasks.runBy(this.#relay);
  }

  start(): void {
    this.#closeBridge = openBridge(() => this.#currentJob());
    if (!this.#isInline) {
      this.#entered = new EnteredContexts(
        () => this.#running !== undefined || this.#isInLoader,
        this.#asyncJob as AsyncLocalStorage<unknown>,
      );
      setCurrentJobCheck(() => this.#currentJob()?.throwIfCancelled());
      setBlockListener((isBlocked) => this.#blocks(isBlocked));
      process.on('uncaughtException', (error) => this.#onUncaught(error));
      this.#output.takeOver(this.#printed);
    }
    this.#port.on('message', (message: ToWorker) => this.#guard(() => this.#onMessage(message)));
    this.#port.on('messageerror', (cause: unknown) => this.#values.failed(cause));
    if (this.#isInline) this.#port.unref(); // listening has held the process
    // not now: a module that imports the worker's entry is evaluated to its end first
    if (this.#relay === undefined) nextTick(() => this.#ready());
  }

  /** Runs nothing any more, and answers nothing. Only of a loop that is inline: a thread is terminated. */
  stop(): void {
    this.#isStopped = true;
    this.#closeBridge();
    this.#port.close();
  }

  #ready(): void {
    this.#post({ kind: 'ready' });
    if (this.#hooksFirst === 0) this.#goUp();
  }

  /** Takes jobs from now on: those that were sent before, too. */
  #goUp(): void {
    Atomics.store(this.#controlWords, Control.IS_UP, 1);
    this.#turn();
  }

  /** A hook came: they run one after the other. */
  #addHook({ task, tag, isAsked }: Extract<ToWorker, { readonly kind: 'hook' }>): void {
    let args: ComingHook['args'];
    try {
      args = { values: this.#values.take(tag, 'args') as readonly unknown[] };
    } catch (fault) {
      args = { fault };
    }
    this.#hooksToCome.push({ task, args, isAsked });
    this.#runHook();
  }

  #runHook(): void {
    if (this.#isChoring) return;
    const hook = this.#hooksToCome.shift();
    if (hook === undefined) return;
    this.#isChoring = true;
    if ('fault' in hook.args) this.#answers.threw(hook.args.fault);
    else (this.#relay ?? this.#hooks).run(hook.task, hook.args.values, hook.isAsked);
  }

  #hookTells(message: FromWorker): void {
    this.#post(message);
    if (message === DOORBELL) return;
    if (message.kind === 'hook-threw' && this.#hooksFirst > 0) return; // the thread will be ended
    if (message.kind !== 'hook-returned' && message.kind !== 'hook-threw') return;
    this.#isChoring = false;
    const isLastOfFirst = this.#hooksFirst > 0 && --this.#hooksFirst === 0;
    const goOn = (): void => {
      this.#runHook();
      if (isLastOfFirst) this.#goUp();
    };
    // not in the hook's: jobs are not to find what it has left there
    outsideRequests(setImmediate, goOn);
  }

  /** Code of this thread is about to block it, or does not any more: what waits behind it is better run elsewhere. */
  #blocks(isBlocked: boolean): void {
    if (!isBlocked) {
      this.#parking.leave();
      // code of an open job, run by the event loop: that has to park again, or nobody rings for the next job
      if (!this.#isRunning) outsideRequests(setImmediate, this.#turn);
      return;
    }
    this.#parking.block();
    const context = this.#running === undefined ? this.#currentJob() : this.#runningJob(this.#running);
    const job =
      context !== undefined && (this.#running !== undefined || this.#open.has(seqOf(context))) ? context : undefined;
    if ((job === undefined || taskOf(job).hasBlocked !== false) && this.#requests.isEmpty) return;
    if (job !== undefined) taskOf(job).hasBlocked = true;
    this.#results.blocked(job && seqOf(job));
    this.#bell.ring();
  }

  #answerPing(): void {
    this.#post({ kind: 'pong' });
  }

  #relayHost({ depth, isTsNodeRegistered }: WorkerInit, hooks: HookReplies): RelayDeps {
    return {
      hooks,
      workerId: this.workerId,
      concurrency: this.#concurrency,
      depth,
      isTsNodeRegistered,
      processReady: () => this.#ready(),
      begun: (context) => this.#begunInProcess(context),
      neverBegan: (context) => void this.slots.unbegin(seqOf(context)),
      processAnswered: () => this.#answerPing(),
      processEnded: (exitCode, cause) => {
        Atomics.store(this.#controlWords, Control.PROCESS_ENDED, 1);
        Atomics.notify(this.#controlWords, Control.PROCESS_ENDED);
        this.#post({ kind: 'process-ended', exitCode, cause });
      },
      lateError: (error, jobId) => this.#post({ kind: 'late-error', error, jobId }),
      printed: (printed) => this.#output.forward(printed),
      profiled: (profile) => this.#post({ kind: 'profiled', profile }),
      asJob: (context, fn) => (context === undefined ? fn() : this.#asyncJob.run(context, fn)),
    };
  }

  report(context: JobContext, value: unknown): void {
    this.#results.report(seqOf(context), value);
    this.#bell.ring();
  }

  print(printed: readonly Printed[]): boolean {
    const hasGone = this.#results.print(printed);
    this.#bell.ring();
    return hasGone;
  }

  printAtAnswer(printed: readonly Printed[]): void {
    this.#results.printAtAnswer(printed);
  }

  catchUp(): boolean {
    const hasGone = this.#results.catchUp();
    this.#bell.ring();
    return hasGone;
  }

  awaitRoom(): void {
    this.#results.awaitRoom();
    this.#bell.ring();
  }

  ownTokenCancelled(context: JobContext, reason: unknown): void {
    this.#results.tokenCancelled(seqOf(context), encodeError(reason));
    this.#bell.ring();
  }

  submit(context: JobContext, task: unknown, args: unknown, options: ChildOptions | undefined): ChildJob<unknown> {
    return this.#children.submit(context, task, args, options);
  }

  /** A job that is open has its first open child, or none any more. */
  #parentChanged(context: JobContext): void {
    if (!this.#open.has(seqOf(context))) return;
    if (openChildrenOf(context) === 0) {
      this.#suspended--;
    } else {
      this.#suspend(context);
    }
  }

  /** The main thread hears of it, so that it sends another: not before, as code that blocks holds its place. */
  #suspend(context: JobContext): void {
    this.#suspended++;
    this.#results.suspended(seqOf(context));
    this.#bell.ring();
    outsideRequests(setImmediate, this.#turn); // there is a place; this may be called by a job's code
  }

  #opened(context: JobContext): void {
    this.#open.set(seqOf(context), context);
    if (openChildrenOf(context) > 0) this.#suspend(context);
  }

  #withOpen(seq: number, act: (context: JobContext) => void): void {
    const context = this.#open.get(seq);
    if (context !== undefined) act(context);
  }

  #closed(context: JobContext): void {
    if (this.#open.delete(seqOf(context)) && openChildrenOf(context) > 0) this.#suspended--;
  }

  get #currentSeq(): number | undefined {
    const context = this.#currentJob();
    return context && seqOf(context);
  }

  #currentJob(): JobContext | undefined {
    if (this.#running !== undefined) return this.#runningJob(this.#running);
    const context = this.#asyncJob.getStore() ?? onlyOne(this.#unwatched);
    return context !== undefined && isOpen(context) ? context : undefined;
  }

  /** The job that runs; where nobody has asked for it before, the reader still is at its entry. */
  #runningJob(task: KnownTask): JobContext {
    this.#current ??= new JobContext(this, task, this.#requests);
    return this.#current;
  }

  /** A new turn of the event loop. */
  readonly #turn = (): void => {
    this.#turnStartedMs = now();
    this.#run();
  };

  /** Calls what must not throw. Where it does, this loop is not in a state to go on: its thread ends, as one that has died. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (fault) {
      this.#break(fault);
    }
  }

  /**
   * Such as a task that has replaced what this loop calls. What the thread had not begun goes elsewhere, its running jobs fail
   * by the fault.
   */
  #break(fault: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    try {
      this.#port.postMessage({ kind: 'broken', error: encodeError(fault) } satisfies FromWorker);
    } finally {
      // inline the pool ends it: it shares the thread
      if (!this.#isInline) exit(1);
    }
  }

  /** Runs jobs until there are none, or no place for them, or the event loop is due. */
  #run(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    try {
      this.#runBursts();
    } catch (fault) {
      this.#break(fault);
    }
    this.#isRunning = false;
  }

  #runBursts(): void {
    this.#parking.leave();
    this.#clockMs = now();
    while (this.#runBurst()) {
      if (this.#clockMs - this.#turnStartedMs > TURN_MS) {
        setImmediate(this.#turn);
        break;
      }
    }
    this.#bell.ringAnswered();
  }

  /**
   * Whether another job may begin. Not while a module is loaded: a job that began then could find the thread blocked by the
   * one that waits for the module, and, having begun, could not be given to another worker.
   */
  #hasPlace(): boolean {
    return !this.#isLoading && this.#hooksFirst === 0 && this.#open.size - this.#suspended < this.#concurrency;
  }

  /** Runs what is in the lane. False when there is no more to do until somebody wakes this thread. */
  #runBurst(): boolean {
    const requests = this.#requests;
    const before = requests.position;
    while (this.#hasPlace() && requests.next()) this.#take();
    requests.publishRead();
    if (!this.#hasPlace()) return false; // goes on when there is
    if (!requests.isEmpty) return true;
    this.#bell.ringAnswered();
    if (this.#open.size === 0 && !this.#isInline && this.#parking.linger(((requests.position - before) | 0) <= 2)) {
      this.#clockMs = now();
      return true;
    }
    return !this.#parking.park();
  }

  /** Takes the entry that the reader is at: begins its job, unless it was taken back. */
  #take(): void {
    const requests = this.#requests;
    switch (requests.entryKind) {
      case 'hole':
        requests.skipEntry();
        break;
      case 'definition': {
        const { id, definition } = requests.readDefinition();
        this.#tasks.define(id, definition);
        break;
      }
      case 'job': {
        const isBegun = this.slots.begin(requests.position);
        // what came by message is fetched even for a job that was taken back, or the next job would get it
        const { isByMessage } = requests;
        let args: readonly unknown[];
        try {
          args = requests.readValues();
        } catch (fault) {
          this.#cannotRead(fault, isBegun);
          break;
        }
        if (isByMessage) this.#clockMs = now();
        if (!isBegun) break;
        this.#notes?.begun(requests.id, requests.overrides.attempt ?? 1);
        this.#begin(this.#tasks.get(requests.taskId), args);
        break;
      }
    }
  }

  /** What the entry holds cannot be read: its job fails. */
  #cannotRead(fault: unknown, isBegun: boolean): void {
    if (!(fault instanceof NotCloneableError)) throw fault; // nobody knows where the next entry begins
    if (!isBegun) return;
    this.#clockMs = now();
    this.#noCode(new JobContext(this, this.#tasks.get(this.#requests.taskId), this.#requests), fault);
  }

  /** @param args the reader's, which it uses again. */
  #begin(task: KnownTask, args: readonly unknown[]): void {
    if (task.code !== undefined && !task.isWatched && !task.usesThis) {
      this.#call(task, task.code, args);
      return;
    }
    const context = new JobContext(this, task, this.#requests);
    try {
      const code = task.code ?? this.#load(task);
      if (typeof code === 'function') this.#start(context, code, args);
      else this.#awaitCode(context, code, [...args]);
    } catch (error) {
      this.#noCode(context, error);
    }
  }

  #load(task: KnownTask): TaskCode | Promise<TaskCode> {
    if (this.#isInline) return inEmptyContext(() => this.#tasks.load(task));
    this.#isInLoader = true;
    try {
      return this.#tasks.load(task);
    } finally {
      this.#isInLoader = false;
      this.#entered?.leave();
    }
  }

  #awaitCode(context: JobContext, code: Promise<TaskCode>, args: readonly unknown[]): void {
    this.#isLoading = true;
    this.#opened(context);
    code.then(
      (loaded) => this.#loaded(context, () => this.#startLoaded(context, loaded, args)),
      (error: unknown) => this.#loaded(context, () => this.#noCode(context, error)),
    );
  }

  #loaded(context: JobContext, go: () => void): void {
    this.#isLoading = false;
    if (isOpen(context)) this.#resume(context, go);
    else this.#run(); // an uncaught error of the module has failed it
  }

  #startLoaded(context: JobContext, code: TaskCode, args: readonly unknown[]): void {
    try {
      context.throwIfCancelled(); // it may have been, while its module was imported
    } catch (error) {
      this.#threw(context, error, this.#clockMs);
      return;
    }
    this.#start(context, code, args);
  }

  #start(context: JobContext, code: TaskCode, args: readonly unknown[]): void {
    this.#call(taskOf(context), code, args, context);
  }

  /** Goes on with a job that was open, and with the lane. */
  #resume(context: JobContext, go: () => void): void {
    if (!isOpen(context) || this.#isStopped) return;
    this.#guard(() => {
      this.#closed(context);
      this.#unwatched.delete(context);
      this.#clockMs = now();
      go();
      this.#run();
      this.#bell.ring();
    });
  }

  /** @param known the job, where its context is made already; most jobs end before anybody asks for it. */
  #call(task: KnownTask, code: TaskCode, args: readonly unknown[], known?: JobContext): void {
    const begunAtMs = this.#clockMs;
    const seq = known === undefined ? this.#requests.seq : seqOf(known);
    const isAwaited = known === undefined ? this.#requests.isAnnounced : isAnnounced(known);
    // a plain look: what was written before this entry was published is seen
    if (isAwaited || this.#controlWords[Control.ANNOUNCE_STARTS] === 1) this.#announce(seq, begunAtMs);
    this.#running = task;
    this.#current = known;
    let value: unknown;
    let promise: Awaitable | undefined;
    try {
      // a plain call is faster than `apply`
      if (this.#isInline || (known !== undefined && task.isWatched)) value = this.#callApart(task, code, args, known);
      else if (known === undefined && args.length === 1) value = code(args[0]);
      else value = apply(code, known, args);
      if (typeof value === 'object' && value !== null && iteratorOf(value) !== undefined)
        value = this.#drive(task, value, known);
      if (this.#entered?.hasAny) this.#entered.leave();
      if ((typeof value === 'object' && value !== null) || typeof value === 'function') promise = awaitableOf(value);
    } catch (error) {
      if (this.#entered?.hasAny) this.#entered.leave();
      const context = this.#runningJob(task);
      this.#running = undefined;
      this.#clockMs = now();
      this.#threw(context, error, begunAtMs);
      return;
    }
    if (promise !== undefined) {
      const context = this.#runningJob(task);
      this.#running = undefined;
      this.#await(context, promise, begunAtMs);
      return;
    }
    const context = this.#current;
    this.#running = undefined;
    task.isWatched = false;
    this.#clockMs = now();
    this.#returned(seq, value, begunAtMs, context);
  }

  /** In a context of its own. */
  #callApart(task: KnownTask, code: TaskCode, args: readonly unknown[], known: JobContext | undefined): unknown {
    return this.#asJob(task, known, () => apply(code, known, args) as unknown);
  }

  #drive(task: KnownTask, value: object, known: JobContext | undefined): unknown {
    const iterator = iteratorOf(value);
    return iterator === undefined ? value : this.#asJob(task, known, () => drive(this.#runningJob(task), iterator));
  }

  /** Jobs are known by their async context, so that an error of one never hits another; too dear for a plain function. */
  #asJob(task: KnownTask, known: JobContext | undefined, fn: () => unknown): unknown {
    const run = (): unknown => (known !== undefined && task.isWatched ? this.#asyncJob.run(known, fn) : fn());
    return this.#isInline ? inEmptyContext(run) : run();
  }

  /** Tells that a job's code begins: one that is relayed, when it does so in its process. */
  #announce(seq: number, begunAtMs: number): void {
    if (this.#relay !== undefined) return;
    this.#results.started(seq, begunAtMs);
    this.#bell.ring();
  }

  #begunInProcess(context: JobContext): void {
    if (!isAnnounced(context) && this.#controlWords[Control.ANNOUNCE_STARTS] !== 1) return;
    this.#results.started(seqOf(context), now());
    this.#bell.ring();
  }

  #await(context: JobContext, promise: Awaitable, begunAtMs: number): void {
    if (!taskOf(context).isWatched) this.#unwatched.add(context);
    taskOf(context).isWatched = true;
    this.#opened(context);
    void whenSettled(
      promise,
      (value) => this.#resume(context, () => this.#returned(seqOf(context), value, begunAtMs, context)),
      (error) => this.#resume(context, () => this.#threw(context, error, begunAtMs)),
    );
  }

  #returned(seq: number, value: unknown, begunAtMs: number, context: JobContext | undefined): void {
    this.#results.time(begunAtMs, this.#clockMs);
    const isStopped = this.#results.returned(seq, value);
    if (context !== undefined) close(context, isStopped);
    this.#bell.answered(begunAtMs, this.#clockMs);
  }

  #threw(context: JobContext, error: unknown, begunAtMs: number): void {
    if (this.#relay !== undefined && error instanceof NoCode) {
      this.#noCode(context, error.error);
      return;
    }
    explainMissingName(taskOf(context), error);
    this.#results.time(begunAtMs, this.#clockMs);
    close(context, this.#results.threw(seqOf(context), encodeError(error)));
    this.#bell.answered(begunAtMs, this.#clockMs);
  }

  #tell(message: RegistryMessage): void {
    this.#post(message.kind === 'token-cancelled' ? { ...message, by: this.#currentSeq } : message);
  }

  #noCode(context: JobContext, error: unknown): void {
    this.#results.time(this.#clockMs, this.#clockMs);
    close(context, this.#results.noCode(seqOf(context), encodeError(error)));
    this.#bell.answered(this.#clockMs, this.#clockMs);
  }

  #post(message: FromWorker, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(packReason(message), transfer as Parameters<MessagePort['postMessage']>[1]);
  }

  #onMessage(packed: ToWorker): void {
    if (packed === DOORBELL) {
      this.#turn();
      return;
    }
    const message = unpackReason(packed);
    switch (message.kind) {
      case 'token-cancelled':
      case 'token-asked':
      case 'copies-gone':
        receive(message, this.#main);
        break;
      case 'job-cancelled':
        this.#withOpen(message.seq, (context) => cancelled(context, message.reason));
        break;
      case 'value':
        this.#values.arrived(message);
        break;
      case 'child-ended':
      case 'child-failed':
        this.#children.ended(message);
        break;
      case 'hook':
        this.#addHook(message);
        break;
      case 'ping':
        if (this.#relay === undefined) this.#answerPing();
        else this.#relay.ping();
        break;
      case 'profile':
        this.#relay?.profile(message.step);
        break;
      case 'end-process':
        this.#relay?.end();
        break;
      case 'task-gone':
        this.#tasks.forget(message.id);
        break;
      case 'memory-gone':
        this.#requests.forgetMemory(message.number);
        break;
      case 'parent-cancelled':
        this.#withOpen(message.seq, (context) => raiseToken(context, message.reason));
        break;
    }
  }

  /** An error that nobody caught: the running job's, where it is known to be of one; else it is told, and hurts nobody. */
  #onUncaught(error: unknown): void {
    const context = this.#asyncJob.getStore() ?? onlyOne(this.#unwatched);
    if (context === undefined || !isOpen(context)) {
      const jobId = context?.id || undefined; // a hook has none
      const verdict = this.#lateErrors.add();
      if (verdict === 'told') this.#post({ kind: 'late-error', error: encodeError(error), jobId });
      else if (verdict === 'broken') this.#break(error);
      return;
    }
    if (this.#hooks.fail(context, error)) return;
    raiseToken(context, error); // what of its code still runs is asked to stop
    this.#resume(context, () => this.#threw(context, error, this.#clockMs));
  }
}

function onlyOne<T>(set: ReadonlySet<T>): T | undefined {
  const [first] = set;
  return set.size === 1 ? first : undefined;
}
