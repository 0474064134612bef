import { now } from '../../base/clock.js';
import type { Collection } from '../../contract/collections.js';
import { textOf } from '../../errors.js';
import type { ThreadExit } from '../../host/thread-exit.js';
import type { PoolWorker } from '../pool-worker.js';
import type { TracedExit, TracedHook, WorkerLife } from './traced.js';

/** How many exited workers are kept. */
const MOST_EXITED = 1_024;
/** How many hooks and collections are kept of each worker: the latest. */
const MOST_HOOKS = 1_024;
const MOST_COLLECTIONS = 8_192;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Life extends Writable<WorkerLife> {
  hooks: TracedHook[];
  collections: Collection[];
}

/** Appends to a list that keeps the latest items only. It may exceed `most` by a tenth, so that few calls move items. */
export function addLatest<T>(list: T[], added: readonly T[], most: number): void {
  list.push(...added);
  if (list.length > most * 1.1) list.splice(0, list.length - most);
}

/** Records what workers do besides jobs. Keeps no reference to a worker, which has 2 MB of shared memory. */
export class WorkerLives {
  readonly #lives = new Map<number, Life>();
  /** Ids of workers that have exited, in that order. */
  readonly #exited: number[] = [];

  get all(): readonly WorkerLife[] {
    return [...this.#lives.values()];
  }

  add({ workerId, concurrency, startedAtMs, readyAtMs }: PoolWorker): void {
    this.#lives.set(workerId, {
      ...{ workerId, concurrency, startedAtMs },
      readyAtMs: readyAtMs === 0 ? undefined : readyAtMs,
      hooks: [],
      collections: [],
      exit: undefined,
    });
  }

  ready({ workerId, readyAtMs }: PoolWorker): void {
    const life = this.#lives.get(workerId);
    if (life !== undefined) life.readyAtMs = readyAtMs;
  }

  hookRan({ workerId }: PoolWorker, hook: TracedHook): void {
    const life = this.#lives.get(workerId);
    if (life !== undefined) addLatest(life.hooks, [hook], MOST_HOOKS);
  }

  collected({ workerId }: PoolWorker, collections: readonly Collection[]): void {
    const life = this.#lives.get(workerId);
    if (life !== undefined) addLatest(life.collections, collections, MOST_COLLECTIONS);
  }

  exited({ workerId, jobsRun }: PoolWorker, { reason, exitCode, cause }: ThreadExit): void {
    const life = this.#lives.get(workerId);
    if (life === undefined) return;
    const error = cause === undefined ? undefined : textOf(cause);
    life.exit = { atMs: now(), reason, exitCode, jobs: jobsRun, error } satisfies TracedExit;
    this.#exited.push(workerId);
    if (this.#exited.length > MOST_EXITED) this.#lives.delete(this.#exited.shift() ?? 0);
  }
}
