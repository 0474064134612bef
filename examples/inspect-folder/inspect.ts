import {
  type CancellationToken,
  CancelledError,
  type PoolMetrics,
  ThreadPool,
  type Trace,
  taskModule,
} from 'thread-system';
import type { FileFacts } from '../inspect-folder-tasks.js';
import { type Failure, type FoundFile, failureOf } from './list-files.js';
import { startProgress } from './progress.js';

export const tasks = taskModule<typeof import('../inspect-folder-tasks.js')>(
  new URL('../inspect-folder-tasks.js', import.meta.url),
);

export type InspectedFile = FoundFile & FileFacts;

export interface Inspection {
  readonly files: readonly InspectedFile[];
  readonly failures: readonly Failure[];
  /** How many files were not inspected, because `stop` was cancelled. */
  readonly unreached: number;
  /** From the first submission until the last job has settled. */
  readonly ms: number;
  readonly metrics: PoolMetrics;
  /** If one was requested. */
  readonly trace: Trace | undefined;
}

export interface InspectOptions {
  readonly isLargeFirst: boolean;
  readonly stop: CancellationToken;
  readonly isTraced: boolean;
  /** Called with the pool before its first job. */
  readonly watch: (pool: ThreadPool) => Promise<void>;
}

/** Inspects the files, one job each. If `stop` is cancelled, returns the results so far. */
export async function inspect(found: readonly FoundFile[], options: InspectOptions): Promise<Inspection> {
  await using pool = new ThreadPool({ idleTimeoutMs: Number.POSITIVE_INFINITY }); // metrics() shows living workers only
  await options.watch(pool);
  const files: InspectedFile[] = [];
  const failures: Failure[] = [];
  const progress = startProgress(found);

  async function inspectOne(file: FoundFile): Promise<void> {
    const { path, bytes } = file;
    const priority = options.isLargeFirst ? bytes : -bytes; // any finite number is a priority
    try {
      const facts = await pool.submit(tasks.inspectFile, [path], { priority, token: options.stop });
      files.push({ ...file, ...facts });
    } catch (error) {
      if (error instanceof CancelledError) return;
      failures.push(failureOf(path, error));
    }
    progress.fileDone(file);
  }

  let ms = 0;
  async function inspectAll(): Promise<void> {
    const startedMs = performance.now();
    await Promise.all(found.map(inspectOne)); // all are submitted at once: a waiting job is small
    ms = performance.now() - startedMs;
    progress.end();
  }

  const trace = options.isTraced ? await pool.trace(inspectAll) : await inspectAll().then(() => undefined);
  const unreached = found.length - files.length - failures.length;
  return { files, failures, unreached, ms, metrics: pool.metrics(), trace };
}
