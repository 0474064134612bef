// The API of piscina on top of a ThreadPool, for programs that switch first and are rewritten later: copy this file, and import it
// instead of piscina. docs/migrating.md says what differs, and what is not supported.
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { isMainThread, type ResourceLimits, type SHARE_ENV, workerData } from 'node:worker_threads';
import {
  CancelledError,
  type Distribution,
  type ModuleTask,
  PoolClosedError,
  QueueFullError,
  ThreadPool,
  type ThreadPoolOptions,
  type Transferable,
  taskModule,
  WorkerExitError,
} from 'thread-system';
import { move as moveObjects } from 'thread-system/worker';

export interface PiscinaOptions {
  readonly filename?: string | null | undefined;
  readonly name?: string | undefined;
  readonly minThreads?: number | undefined;
  readonly maxThreads?: number | undefined;
  /** In milliseconds. */
  readonly idleTimeout?: number | undefined;
  readonly maxQueue?: number | 'auto' | undefined;
  readonly concurrentTasksPerWorker?: number | undefined;
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly argv?: readonly string[] | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | typeof SHARE_ENV | undefined;
  readonly workerData?: unknown;
  /** In milliseconds. */
  readonly closeTimeout?: number | undefined;
}

export interface RunOptions {
  readonly filename?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly transferList?: readonly Transferable[] | undefined;
  readonly signal?: AbortSignal | EventEmitter | null | undefined;
}

/** In milliseconds. */
export interface PiscinaTimes {
  readonly average: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export class AbortError extends Error {
  override readonly name = 'AbortError';

  constructor(cause?: unknown) {
    super('The task has been aborted', { cause });
  }
}

/** For results of tasks: moves a buffer, a view or a port. */
export const move = <V extends Transferable>(value: V): V => moveObjects(value, [value]);

export class Piscina<T = unknown, R = unknown> extends EventEmitter implements AsyncDisposable {
  static readonly Piscina = Piscina;
  static readonly isWorkerThread = !isMainThread;
  static readonly workerData: unknown = workerData;
  static readonly move = move;

  readonly options: PiscinaOptions;
  readonly maxThreads: number;
  readonly minThreads: number;
  readonly #pool: ThreadPool;
  readonly #places: number;
  readonly #maxQueue: number;
  #unsettled = 0;

  constructor(options: PiscinaOptions = {}) {
    super();
    const { minThreads = availableParallelism(), concurrentTasksPerWorker = 1, maxQueue } = options;
    this.options = options;
    this.minThreads = minThreads;
    this.maxThreads = options.maxThreads ?? Math.max(minThreads, Math.ceil(availableParallelism() * 1.5));
    this.#places = this.maxThreads * concurrentTasksPerWorker;
    this.#maxQueue = maxQueue === 'auto' ? this.maxThreads ** 2 : (maxQueue ?? Number.POSITIVE_INFINITY);
    this.#pool = new ThreadPool({
      maxWorkers: this.maxThreads,
      minWorkers: minThreads,
      idleTimeoutMs: options.idleTimeout ?? 0,
      concurrency: concurrentTasksPerWorker,
      maxQueue: this.#maxQueue,
      graceMs: 0, // an abort ends the thread of a running task
      ...threadOptionsOf(options),
    });
    this.#pool.on('workerStarted', ({ workerId }) => this.emit('workerCreate', { id: workerId }));
    this.#pool.on('workerExited', ({ workerId }) => this.emit('workerDestroy', { id: workerId }));
    this.#pool.on('lateError', ({ error }) => this.emit('error', error));
  }

  async run(task: T, options: RunOptions = {}): Promise<R> {
    const filename = options.filename ?? this.options.filename;
    if (typeof filename !== 'string') throw new Error('filename must be provided to run() or in options object');
    const name = options.name ?? this.options.name ?? 'default';
    const signal = toAbortSignal(options.signal);
    if (signal?.aborted) throw new AbortError(signal.reason);
    this.#unsettled++;
    this.#tellNeed();
    try {
      const job = this.#pool.submit(taskOf<T, R>(filename, name), [task], { signal, transfer: options.transferList });
      return (await job) as R;
    } catch (error) {
      throw this.#asPiscina(error, signal);
    } finally {
      this.#unsettled--;
      if (this.queueSize === 0) this.emit('drain');
    }
  }

  /** Lets all submitted tasks end, with `force` only those that have begun, then ends the threads. */
  async close({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#pool.shutdown({
      mode: force ? 'finishRunning' : 'drain',
      timeoutMs: this.options.closeTimeout ?? 30_000,
    });
    this.emit('close');
  }

  /** Ends the threads at once; tasks reject. */
  async destroy(): Promise<void> {
    await this.#pool.shutdown({ mode: 'abort' });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get queueSize(): number {
    return Math.max(0, this.#unsettled - this.#places);
  }

  get needsDrain(): boolean {
    return this.queueSize >= this.#maxQueue;
  }

  get completed(): number {
    const { completed, failed } = this.#pool.metrics();
    return completed + failed;
  }

  /** Since the pool was made, in milliseconds. */
  get duration(): number {
    return this.#pool.metrics().uptimeMs;
  }

  /** 0 to 1: the share of the time of all threads that was spent on tasks. */
  get utilization(): number {
    const { busyMs, uptimeMs } = this.#pool.metrics();
    return uptimeMs === 0 ? 0 : busyMs / (uptimeMs * this.maxThreads);
  }

  get threads(): readonly { readonly threadId: number | undefined }[] {
    return this.#pool.metrics().workers.map(({ threadId }) => ({ threadId }));
  }

  get idleThreads(): number {
    return this.#pool.metrics().workers.filter(({ state }) => state === 'idle').length;
  }

  get histogram(): { readonly runTime: PiscinaTimes; readonly waitTime: PiscinaTimes } {
    const { executionMs, queuedMs } = this.#pool.metrics();
    return { runTime: timesOf(executionMs), waitTime: timesOf(queuedMs) };
  }

  #tellNeed(): void {
    if (this.needsDrain) queueMicrotask(() => this.emit('needsDrain'));
  }

  #asPiscina(error: unknown, signal: AbortSignal | undefined): unknown {
    if (error instanceof QueueFullError)
      return new Error(
        this.#maxQueue === 0 ? 'No task queue available and all Workers are busy' : 'Task queue is at limit',
      );
    if (error instanceof CancelledError)
      return signal?.aborted ? new AbortError(signal.reason) : new Error('Terminating worker thread');
    if (error instanceof PoolClosedError) return new AbortError(error);
    if (error instanceof WorkerExitError) return new Error(`worker exited with code: ${error.exitCode}`);
    return error;
  }
}

// biome-ignore lint/style/noDefaultExport: as piscina has it
export { Piscina as default };

function threadOptionsOf({ resourceLimits, argv, execArgv, env, workerData }: PiscinaOptions): ThreadPoolOptions {
  return { resourceLimits, argv, execArgv, env, workerData };
}

function taskOf<T, R>(filename: string, name: string): ModuleTask<(task: T) => R> {
  const url = /^(file|data):/.test(filename) ? filename : pathToFileURL(filename);
  return Reflect.get(taskModule(url), name);
}

function toAbortSignal(signal: RunOptions['signal']): AbortSignal | undefined {
  if (!(signal instanceof EventEmitter)) return signal ?? undefined;
  const controller = new AbortController();
  signal.once('abort', () => controller.abort());
  return controller.signal;
}

function timesOf({ mean, max, p50, p90, p99 }: Distribution): PiscinaTimes {
  return { average: mean, max, p50, p90, p99 };
}
