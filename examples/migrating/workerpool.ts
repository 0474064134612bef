// biome-ignore-all lint/style/useReadonlyClassProperties: `of` and `then` set them, of a promise that they make

// The API of workerpool on top of a ThreadPool, for programs that switch first and are rewritten later: copy this file and
// workerpool-worker.mjs, and import them instead of workerpool. docs/migrating.md says what differs, and what is not supported.
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import {
  CancelledError,
  type Job,
  PoolClosedError,
  type TaskFunction,
  ThreadPool,
  type Transferable,
  taskModule,
  WorkerExitError,
} from 'thread-system';

export interface PoolOptions {
  readonly minWorkers?: number | 'max' | undefined;
  readonly maxWorkers?: number | undefined;
  readonly maxQueueSize?: number | undefined;
  readonly workerType?: 'auto' | 'thread' | 'process' | undefined;
  /** In milliseconds. */
  readonly workerTerminateTimeout?: number | undefined;
  readonly workerThreadOpts?: { readonly resourceLimits?: ResourceLimits; readonly execArgv?: string[] } | undefined;
  readonly forkOpts?: { readonly execArgv?: string[]; readonly cwd?: string } | undefined;
  readonly onCreateWorker?: ((worker: { readonly script: string | undefined }) => unknown) | undefined;
  readonly onTerminateWorker?: ((worker: { readonly script: string | undefined }) => unknown) | undefined;
}

export interface ExecOptions {
  readonly on?: ((payload: unknown) => void) | undefined;
  readonly transfer?: readonly Transferable[] | undefined;
}

export interface PoolStats {
  readonly totalWorkers: number;
  readonly busyWorkers: number;
  readonly idleWorkers: number;
  readonly pendingTasks: number;
  readonly activeTasks: number;
}

export class CancellationError extends Error {
  override readonly name = 'CancellationError';
}

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

export class TerminateError extends Error {
  override readonly name = 'TerminateError';
}

/** The tasks of workerpool-worker.mjs. */
interface WorkerTasks {
  call(script: string, method: string, params: readonly unknown[]): unknown;
  methodsOf(script: string): Promise<string[]>;
}
const tasks = taskModule<WorkerTasks>(new URL('./workerpool-worker.mjs', import.meta.url));

/** What `exec` returns: a promise that can be cancelled. Promises returned by its `then` cancel the same call. */
export class WorkerpoolPromise<T> extends Promise<T> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #cancel: (reason: Error) => void = () => {};
  #startsTimer: (start: () => void) => void = () => {};

  static of<T>(pool: ThreadPool, job: Job<T>): WorkerpoolPromise<T> {
    const promise = new WorkerpoolPromise<T>((resolve, reject) => {
      job.then(resolve, (error: unknown) => reject(asWorkerpool(error)));
    });
    promise.#cancel = (reason) => void job.cancel(reason);
    promise.#startsTimer = (start) => {
      if (job.startedAt !== undefined) start();
      else {
        const off = pool.on('jobStarted', (started) => {
          if (started !== job) return;
          off();
          start();
        });
        void job.then(off, off);
      }
    };
    return promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): WorkerpoolPromise<A | B> {
    const next = new WorkerpoolPromise<A | B>((resolve, reject) => {
      super.then(onFulfilled, onRejected).then(resolve, reject);
    });
    next.#cancel = this.#cancel;
    next.#startsTimer = this.#startsTimer;
    return next;
  }

  override catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): WorkerpoolPromise<T | B> {
    return this.then(undefined, onRejected);
  }

  always<A>(fn: () => A | PromiseLike<A>): WorkerpoolPromise<A> {
    return this.then(fn, fn);
  }

  cancel(): this {
    this.#cancel(new CancellationError('promise cancelled'));
    return this;
  }

  /** Counts from when the task begins. */
  timeout(ms: number): this {
    this.#startsTimer(() => {
      const timer = setTimeout(() => this.#cancel(new TimeoutError(`Promise timed out after ${ms} ms`)), ms);
      const clear = (): void => clearTimeout(timer);
      void super.then(clear, clear);
    });
    return this;
  }
}

export class Pool {
  readonly script: string | undefined;
  readonly maxWorkers: number;
  readonly minWorkers: number;
  readonly #pool: ThreadPool;
  readonly #maxQueueSize: number;

  constructor(script?: string, options: PoolOptions = {}) {
    const { maxQueueSize = Number.POSITIVE_INFINITY, workerType = 'auto', forkOpts, workerThreadOpts } = options;
    const isProcess = workerType === 'process';
    const most = options.maxWorkers ?? Math.max(availableParallelism() - 1, 1);
    this.script = script === undefined || /^(file|data):/.test(script) ? script : pathToFileURL(script).href;
    this.minWorkers = options.minWorkers === 'max' ? most : (options.minWorkers ?? 0);
    this.maxWorkers = Math.max(most, this.minWorkers);
    this.#maxQueueSize = maxQueueSize;
    this.#pool = new ThreadPool({
      kind: isProcess ? 'process' : 'thread',
      maxWorkers: this.maxWorkers,
      minWorkers: this.minWorkers,
      idleTimeoutMs: Number.POSITIVE_INFINITY,
      graceMs: options.workerTerminateTimeout ?? 1_000,
      resourceLimits: workerThreadOpts?.resourceLimits,
      execArgv: (isProcess ? forkOpts : workerThreadOpts)?.execArgv,
      ...(isProcess && { cwd: forkOpts?.cwd }),
    });
    const worker = { script };
    this.#pool.on('workerStarted', () => void options.onCreateWorker?.(worker));
    this.#pool.on('workerExited', () => void options.onTerminateWorker?.(worker));
  }

  /** Calls a method of the script, or a self-contained function. */
  exec<T = unknown>(
    method: string | ((...params: never[]) => unknown),
    params: readonly unknown[] | null = [],
    { on, transfer }: ExecOptions = {},
  ): WorkerpoolPromise<T> {
    if (params !== null && !Array.isArray(params)) throw new TypeError('Array expected as argument "params"');
    if (this.#pool.metrics().queued >= this.#maxQueueSize)
      throw new Error(`Max queue size of ${this.#maxQueueSize} reached`);
    const options = { transfer, name: typeof method === 'string' ? method : undefined };
    const job =
      typeof method === 'string'
        ? this.#pool.submit(tasks.call, [this.#scriptFor(method), method, params ?? []], options)
        : this.#pool.submit(method as TaskFunction, (params ?? []) as never, options);
    if (on !== undefined) job.onProgress(on);
    return WorkerpoolPromise.of(this.#pool, job as Job<T>);
  }

  /** An object with the methods of the script. */
  async proxy(): Promise<Record<string, (...params: unknown[]) => WorkerpoolPromise<unknown>>> {
    const methods = await this.#pool.submit(tasks.methodsOf, [this.#scriptFor('methods')]);
    return Object.fromEntries(methods.map((name) => [name, (...params: unknown[]) => this.exec(name, params)]));
  }

  stats(): PoolStats {
    const { workers, queued, active } = this.#pool.metrics();
    const busyWorkers = workers.filter(({ state }) => state === 'busy').length;
    const totalWorkers = workers.length;
    const idleWorkers = totalWorkers - busyWorkers;
    return { totalWorkers, busyWorkers, idleWorkers, pendingTasks: queued, activeTasks: active };
  }

  /** Cancels waiting calls, with `force` also running ones, then ends the workers. */
  async terminate(force = false, timeoutMs = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#pool.shutdown({ mode: force ? 'abort' : 'finishRunning', timeoutMs });
  }

  #scriptFor(method: string): string {
    if (this.script === undefined) throw new Error(`Unknown method "${method}"`);
    return this.script;
  }
}

export function pool(script?: string | PoolOptions, options?: PoolOptions): Pool {
  return typeof script === 'string' ? new Pool(script, options) : new Pool(undefined, script);
}

function asWorkerpool(error: unknown): unknown {
  if (error instanceof PoolClosedError) return new Error('Pool terminated');
  if (error instanceof WorkerExitError) return new TerminateError(error.message);
  if (!(error instanceof CancelledError)) return error;
  return error.reason instanceof Error ? error.reason : new Error('Pool terminated');
}
