import { now } from '../base/clock.js';
import { whenSettled } from '../base/promises.js';
import { Control } from '../wire/lane/layout.js';
import { thrownBy } from '../wire/message/item-failure.js';
import { type EnteredContexts, inEmptyContext } from './entered-contexts.js';
import { type ContextDeps, close, isAnnounced, isOpen, JobContext, raiseToken, seqOf, taskOf } from './job-context.js';
import type { JobScopes } from './job-scopes.js';
import type { OpenJobs } from './open-jobs.js';
import type { RequestReader } from './request-reader.js';
import type { ResultSender } from './results/result-sender.js';
import type { RunningJob } from './running-job.js';
import { explainMissingName } from './tasks/closure-hint.js';
import { type Awaitable, awaitableOf, drive, iteratorOf } from './tasks/generator-task.js';
import { FailedToStart, type KnownTask, type TaskCode } from './tasks/known-task.js';
import type { TaskTable } from './tasks/task-table.js';

const { apply } = Reflect;

export interface JobRunnerDeps {
  /** What contexts of jobs call. */
  readonly contextDeps: ContextDeps;
  /** Describes the job whose entry was read last. */
  readonly requests: RequestReader;
  readonly controlWords: Int32Array;
  readonly tasks: TaskTable;
  readonly results: ResultSender;
  readonly openJobs: OpenJobs;
  readonly scopes: JobScopes;
  readonly running: RunningJob;
  /** What tasks have entered by `enterWith`. Not watched on the pool's own thread. */
  readonly entered: EnteredContexts | undefined;
  /** Whether jobs run on the pool's own thread. */
  readonly isInline: boolean;
  /** Whether a task's code is a call to the child process. */
  readonly isRelayed: boolean;
}

/** The loop, which takes more jobs once an open job has continued. */
export interface RunnerLoop {
  /** Calls `act`, then takes jobs from the lane. */
  resume(act: () => void): void;
  /** Takes jobs from the lane. */
  takeJobs(): void;
}

/** Runs a job: begins it, calls its task's code, awaits what that returns, and writes the job's answer. */
export class JobRunner {
  readonly #contextDeps: ContextDeps;
  readonly #requests: RequestReader;
  readonly #controlWords: Int32Array;
  readonly #tasks: TaskTable;
  readonly #results: ResultSender;
  readonly #openJobs: OpenJobs;
  readonly #scopes: JobScopes;
  readonly #entered: EnteredContexts | undefined;
  readonly #isInline: boolean;
  readonly #isRelayed: boolean;
  readonly #running: RunningJob;
  #connectedLoop: RunnerLoop | undefined;
  /** The last reading of the clock, at 35 ns: one for each job, as a job begins when the one before has ended. */
  #clockMs = 0;

  constructor(deps: JobRunnerDeps) {
    this.#contextDeps = deps.contextDeps;
    this.#requests = deps.requests;
    this.#controlWords = deps.controlWords;
    this.#tasks = deps.tasks;
    this.#results = deps.results;
    this.#openJobs = deps.openJobs;
    this.#scopes = deps.scopes;
    this.#entered = deps.entered;
    this.#isInline = deps.isInline;
    this.#isRelayed = deps.isRelayed;
    this.#running = deps.running;
  }

  /** Connects the loop, which is made after this runner. Called once, before the first job. */
  reportTo(loop: RunnerLoop): void {
    this.#connectedLoop = loop;
  }

  get #loop(): RunnerLoop {
    if (this.#connectedLoop === undefined) throw new Error('Cannot resume a job: no loop is connected');
    return this.#connectedLoop;
  }

  get clockMs(): number {
    return this.#clockMs;
  }

  readClock(): void {
    this.#clockMs = now();
  }

  /** The job whose code runs now, on the stack or continued by the event loop. */
  current(): JobContext | undefined {
    const { task } = this.#running;
    if (task !== undefined) return this.#runningContext(task);
    const context = this.#scopes.current();
    return context !== undefined && isOpen(context) ? context : undefined;
  }

  /**
   * Begins the job whose entry was read last.
   *
   * @param args the reader's list, which it uses again.
   */
  begin(task: KnownTask, args: readonly unknown[]): void {
    if (task.code !== undefined && !task.isWatched && !task.usesThis) {
      this.#call(task, task.code, args);
      return;
    }
    const context = new JobContext(this.#contextDeps, task, this.#requests);
    try {
      const code = task.code ?? this.#load(task);
      if (typeof code === 'function') this.#call(task, code, args, context);
      else this.#awaitCode(context, code, [...args]);
    } catch (error) {
      this.#failedToStart(context, error);
    }
  }

  /** The job whose entry was read last has begun, but a value of the entry cannot be read. */
  failUnread(task: KnownTask, fault: unknown): void {
    this.readClock();
    this.#failedToStart(new JobContext(this.#contextDeps, task, this.#requests), fault);
  }

  /** An open job has failed by an error that its code left uncaught. What still runs of that code is asked to stop. */
  fail(context: JobContext, error: unknown): void {
    raiseToken(context, error);
    this.#resume(context, () => this.#threw(context, error, this.#clockMs));
  }

  /** The code of a relayed job has begun in the child process. */
  begunInProcess(context: JobContext): void {
    if (!isAnnounced(context) && this.#controlWords[Control.ANNOUNCE_STARTS] !== 1) return;
    this.#results.started(seqOf(context), now());
  }

  /** @param known the job's context if it exists already: most jobs end before anything asks for it. */
  #call(task: KnownTask, code: TaskCode, args: readonly unknown[], known?: JobContext): void {
    const begunAtMs = this.#clockMs;
    const seq = known === undefined ? this.#requests.seq : seqOf(known);
    const isAwaited = known === undefined ? this.#requests.isAnnounced : isAnnounced(known);
    // a plain read: what was written before this entry was published is seen
    if (isAwaited || this.#controlWords[Control.ANNOUNCE_STARTS] === 1) this.#announce(seq, begunAtMs);
    const running = this.#running;
    running.task = task;
    running.seq = seq;
    running.context = known;
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
      const context = this.#runningContext(task);
      running.task = undefined;
      this.#clockMs = now();
      this.#threw(context, error, begunAtMs);
      return;
    }
    if (promise !== undefined) {
      const context = this.#runningContext(task);
      running.task = undefined;
      this.#await(context, promise, begunAtMs);
      return;
    }
    const { context } = running;
    running.task = undefined;
    task.isWatched = false;
    this.#clockMs = now();
    const outcome = this.#results.returned(seq, value, begunAtMs, this.#clockMs);
    if (context !== undefined) close(context, outcome);
  }

  /** The context of the job whose code is on the stack, which the reader still describes. */
  #runningContext(task: KnownTask): JobContext {
    this.#running.context ??= new JobContext(this.#contextDeps, task, this.#requests);
    return this.#running.context;
  }

  /** Not for a relayed job, which begins in the child process. */
  #announce(seq: number, begunAtMs: number): void {
    if (!this.#isRelayed) this.#results.started(seq, begunAtMs);
  }

  #callApart(task: KnownTask, code: TaskCode, args: readonly unknown[], known: JobContext | undefined): unknown {
    return this.#inScope(task, known, () => apply(code, known, args) as unknown);
  }

  #drive(task: KnownTask, value: object, known: JobContext | undefined): unknown {
    const iterator = iteratorOf(value);
    return iterator === undefined
      ? value
      : this.#inScope(task, known, () => drive(this.#runningContext(task), iterator));
  }

  /** A scope tells whose error an uncaught one is. It costs too much for tasks that are known to return no promises. */
  #inScope(task: KnownTask, known: JobContext | undefined, fn: () => unknown): unknown {
    const run = (): unknown => (known !== undefined && task.isWatched ? this.#scopes.run(known, fn) : fn());
    return this.#isInline ? inEmptyContext(run) : run();
  }

  #load(task: KnownTask): TaskCode | Promise<TaskCode> {
    if (this.#isInline) return inEmptyContext(() => this.#tasks.load(task));
    this.#running.isLoading = true;
    try {
      return this.#tasks.load(task);
    } finally {
      this.#running.isLoading = false;
      this.#entered?.leave();
    }
  }

  #awaitCode(context: JobContext, code: Promise<TaskCode>, args: readonly unknown[]): void {
    this.#openJobs.addLoading(context);
    code.then(
      (loaded) => this.#loaded(context, () => this.#startLoaded(context, loaded, args)),
      (error: unknown) => this.#loaded(context, () => this.#failedToStart(context, error)),
    );
  }

  #loaded(context: JobContext, go: () => void): void {
    this.#openJobs.loaded();
    if (isOpen(context)) this.#resume(context, go);
    else this.#loop.takeJobs(); // an uncaught error of the module has failed the job
  }

  #startLoaded(context: JobContext, code: TaskCode, args: readonly unknown[]): void {
    try {
      context.throwIfCancelled(); // it may have been while its module was imported
    } catch (error) {
      this.#threw(context, error, this.#clockMs);
      return;
    }
    this.#call(taskOf(context), code, args, context);
  }

  #await(context: JobContext, promise: Awaitable, begunAtMs: number): void {
    if (!taskOf(context).isWatched) this.#scopes.addUnscoped(context);
    taskOf(context).isWatched = true;
    this.#openJobs.add(context);
    void whenSettled(
      promise,
      (value) => this.#resume(context, () => this.#returned(context, value, begunAtMs)),
      (error) => this.#resume(context, () => this.#threw(context, error, begunAtMs)),
    );
  }

  /** Goes on with an open job, and then with the lane. */
  #resume(context: JobContext, go: () => void): void {
    if (!isOpen(context)) return;
    this.#loop.resume(() => {
      this.#openJobs.remove(context);
      this.#scopes.remove(context);
      this.#clockMs = now();
      go();
    });
  }

  #returned(context: JobContext, value: unknown, begunAtMs: number): void {
    close(context, this.#results.returned(seqOf(context), value, begunAtMs, this.#clockMs));
  }

  #threw(context: JobContext, error: unknown, begunAtMs: number): void {
    if (this.#isRelayed && error instanceof FailedToStart) {
      this.#failedToStart(context, error.error);
      return;
    }
    explainMissingName(taskOf(context), thrownBy(error));
    close(context, this.#results.threw(seqOf(context), error, begunAtMs, this.#clockMs));
  }

  #failedToStart(context: JobContext, error: unknown): void {
    close(context, this.#results.failedToStart(seqOf(context), error, this.#clockMs));
  }
}
