import { inspect } from 'node:util';
import { refuseOptions } from '../base/check/options.js';
import { checkText } from '../base/check/values.js';
import { type Inspecting, shown } from '../base/inspect.js';
import { Job } from '../jobs/job.js';
import { hasReturned } from '../jobs/job-engine.js';
import { type JobOptions, readJobOptions, withOptions } from '../jobs/job-options.js';
import type { Task, TaskResult } from '../jobs/task.js';
import type { SubmitRest } from '../jobs/typed-job.js';
import { stays } from '../sync/sharing/crossing.js';
import { Signal } from '../sync/signal.js';
import type { SettledCounts, ShutdownSettings } from './options/shutdown-options.js';
import { ThreadPool } from './pool.js';
import { type Endable, registerForShutdown } from './shutdown-all.js';

/**
 * A named thread of its own for one long-running function, which is asked to stop by its token. Threads that were run from
 * it stop first.
 *
 * @example
 * ```ts
 * const thread = Thread.run('tail-log', tasks.follow, [file]);
 * thread.stop();
 * await thread.join();
 * ```
 */
export class Thread<T = unknown> {
  /** The name given to `run`. */
  readonly name: string;
  /** Fires when the function, however it ends, and the thread's children have ended; before `join` settles. */
  readonly stopped: Signal = new Signal();
  /** The job that runs the function. */
  readonly job: Job<T>;
  readonly #pool: ThreadPool;
  readonly #children = new Set<Thread>();
  readonly #ended: Promise<void>;
  readonly #unregister: () => void;
  #isStopping = false;
  /** Registered with `shutdownAll`, which refers to it weakly. */
  readonly #endable: Endable = { shutdown: (options) => this.#shutdown(options) };

  private constructor(name: string, job: Job<T>, pool: ThreadPool, parent: Thread | undefined) {
    // JavaScript can call this constructor; without a pool it would fail later, where nobody can catch the error
    if (!(pool instanceof ThreadPool))
      throw new TypeError('Cannot make a thread: use Thread.run(name, task, args?, options?)');
    this.name = name;
    this.job = job;
    this.#pool = pool;
    this.#unregister = parent === undefined ? registerForShutdown(this.#endable) : () => {};
    this.#ended = this.#end(parent);
  }

  static {
    stays(Thread, 'Thread', (value) =>
      #pool in value
        ? `thread '${value.name}'; pass thread.stopped to wait for its end, or await thread.join() and pass the result`
        : undefined,
    );
  }

  /**
   * Runs a task on a thread of its own.
   *
   * @param name the name of the thread, also shown in errors.
   * @throws {TypeError | RangeError} for a bad name, task, argument list or option.
   */
  static run<K extends Task>(name: string, task: K, ...rest: SubmitRest<K>): Thread<TaskResult<K>> {
    return Thread.#run(name, undefined, task, rest);
  }

  static #run<K extends Task>(
    name: string,
    parent: Thread | undefined,
    task: K,
    rest: readonly unknown[],
  ): Thread<TaskResult<K>> {
    checkText(name, 'name', 'run a thread');
    const [args, options] = rest as [readonly unknown[] | undefined, JobOptions | undefined];
    const given = readJobOptions(options, `run thread '${name}'`);
    // made first: if it is refused, no thread is left behind
    const job = new Job(task as Task, args, given.name === undefined ? withOptions(given, { name }) : given);
    const pool = new ThreadPool({ maxWorkers: 1, name });
    pool.submitJob(job);
    return new Thread(name, job as Job<TaskResult<K>>, pool, parent);
  }

  /** Runs a task on a child of this thread: the child is stopped, and has ended, before this thread is asked to stop. */
  run<K extends Task>(name: string, task: K, ...rest: SubmitRest<K>): Thread<TaskResult<K>> {
    if (this.#isStopping) throw new Error(`Cannot run thread '${name}': its parent '${this.name}' is being stopped`);
    const child = Thread.#run(name, this as Thread, task, rest);
    this.#children.add(child as Thread);
    return child;
  }

  /** Asks the children to stop, one after the other, the youngest first; when they have ended, the function itself. */
  stop(reason?: unknown): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    void this.#stopChildren(reason).then(() => this.job.cancel(reason));
  }

  /**
   * Resolves with what the function returned, even if it had been asked to stop, or rejects with what it threw; not before
   * the thread's children have ended.
   */
  async join(): Promise<T>;
  async join(...rest: readonly unknown[]): Promise<T> {
    refuseOptions(rest, `join thread '${this.name}'`);
    const { job } = this;
    job.catch(() => {}); // observed: `join` rejects with it
    await this.#ended;
    if (hasReturned(job as Job)) return job.result as T;
    throw job.error;
  }

  /** Lets the thread run on by itself: its result is dropped, and a failure becomes a process warning. */
  release(): void {}

  [inspect.custom](...inspecting: Inspecting): string {
    const { name, job } = this;
    return shown('Thread', { name, state: job.state }, inspecting);
  }

  async #shutdown(options: ShutdownSettings): Promise<SettledCounts> {
    if (options.mode === 'abort') for (const thread of [...this.#children]) void thread.#shutdown(options);
    else this.stop('the process is shutting down');
    if (options.mode !== 'abort' && options.timeoutMs === Number.POSITIVE_INFINITY) await this.#ended;
    return this.#pool.shutdown(options);
  }

  async #stopChildren(reason: unknown): Promise<void> {
    for (const child of [...this.#children].reverse()) {
      child.stop(reason);
      await child.#ended;
    }
  }

  async #end(parent: Thread | undefined): Promise<void> {
    await this.#pool.waitAll();
    this.#isStopping = true;
    await this.#stopChildren('its parent has ended');
    await this.#pool.shutdown();
    if (parent !== undefined) parent.#children.delete(this as Thread);
    this.#unregister();
    this.stopped.go();
  }
}
