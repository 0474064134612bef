import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CancellationToken } from 'thread-system';
import { readFacts } from '../inspect-folder-tasks.js';
import type { InspectedFile } from './inspect.js';

export interface OneThreadRun {
  readonly files: number;
  readonly bytes: number;
  readonly ms: number;
}

/** In a larger folder, one thread is measured on a sample. */
const SAMPLE_BYTES = 256e6;

/** Repeats the work of the tasks on this thread; `undefined` if `stop` is cancelled, or there is nothing to measure. */
export async function runOnOneThread(
  files: readonly InspectedFile[],
  stop: CancellationToken,
): Promise<OneThreadRun | undefined> {
  const run = { files: 0, bytes: 0, ms: 0 };
  for (const { path } of sampleOf(files)) {
    await nextTurn(); // so that Ctrl-C is noticed
    if (stop.isCancelled) return undefined;
    const startedMs = performance.now();
    try {
      run.bytes += readFacts(path, () => {}).bytes;
      run.files++;
    } catch {
      // deleted meanwhile
    }
    run.ms += performance.now() - startedMs;
  }
  return run.bytes > 0 ? run : undefined;
}

/** All files if they fit, otherwise every n-th in order of size; none if these are not a fair sample. */
function sampleOf(files: readonly InspectedFile[]): readonly InspectedFile[] {
  const step = Math.ceil(files.reduce((sum, file) => sum + file.bytes, 0) / SAMPLE_BYTES);
  if (step <= 1) return files;
  let restBytes = SAMPLE_BYTES;
  const sample = files
    .toSorted((a, b) => a.bytes - b.bytes)
    .filter(({ bytes }, i) => {
      if (i % step !== step >> 1 || bytes > restBytes) return false;
      restBytes -= bytes;
      return true;
    });
  return restBytes < SAMPLE_BYTES / 2 ? sample : [];
}
