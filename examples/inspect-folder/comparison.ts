import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CancellationToken, ThreadPool } from 'thread-system';
import { readFacts } from '../inspect-folder-tasks.js';
import { type InspectedFile, tasks } from './inspect.js';

/** What some of the files took once more, on one thread and on those of a pool: both from the disk cache, without their start. */
export interface Comparison {
  readonly files: number;
  readonly bytes: number;
  readonly oneThreadMs: number;
  readonly poolMs: number;
  readonly threads: number;
}

/** In a larger folder, a sample is compared. */
const SAMPLE_BYTES = 128e6;
/** A larger file is not in the sample: as one job, it could take longer than all others on the other threads. */
const LARGEST_BYTES = 4e6;

/** Inspects files again, first on this thread, then in a pool; `undefined` if `stop` is cancelled, or there is nothing to measure. */
export async function compare(
  files: readonly InspectedFile[],
  stop: CancellationToken,
): Promise<Comparison | undefined> {
  const sample = sampleOf(files);
  const one = await runOnOneThread(sample, stop);
  if (one === undefined || one.bytes === 0) return undefined;
  await using pool = new ThreadPool();
  await pool.warmUp();
  const run = ({ path }: InspectedFile) => pool.submit(tasks.inspectFile, [path], { token: stop });
  await Promise.allSettled(sample.slice(0, pool.maxWorkers).map(run)); // each loads the task
  const startedMs = performance.now();
  // the largest first, so that none is left to one thread at the end
  await Promise.allSettled(sample.toSorted((a, b) => b.bytes - a.bytes).map(run)); // a file may have been deleted meanwhile
  if (stop.isCancelled) return undefined;
  return { ...one, poolMs: performance.now() - startedMs, threads: pool.metrics().workers.length };
}

async function runOnOneThread(
  files: readonly InspectedFile[],
  stop: CancellationToken,
): Promise<Pick<Comparison, 'files' | 'bytes' | 'oneThreadMs'> | undefined> {
  const run = { files: 0, bytes: 0, oneThreadMs: 0 };
  for (const { path } of files) {
    await nextTurn(); // so that Ctrl-C is noticed
    if (stop.isCancelled) return undefined;
    const startedMs = performance.now();
    try {
      run.bytes += readFacts(path, () => {}).bytes;
      run.files++;
    } catch {
      // deleted meanwhile
    }
    run.oneThreadMs += performance.now() - startedMs;
  }
  return run;
}

/** All files if they fit, otherwise every n-th in order of size but for the largest; none if these are not a fair sample. */
function sampleOf(files: readonly InspectedFile[]): readonly InspectedFile[] {
  if (total(files) <= SAMPLE_BYTES) return files;
  const small = files.filter(({ bytes }) => bytes <= LARGEST_BYTES);
  const step = Math.ceil(total(small) / SAMPLE_BYTES);
  const bySize = small.toSorted((a, b) => a.bytes - b.bytes);
  const sample = bySize.filter((_, i) => i % step === step >> 1);
  return total(sample) < SAMPLE_BYTES / 4 ? [] : sample;
}

function total(files: readonly InspectedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
