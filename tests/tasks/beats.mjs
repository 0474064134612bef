import { currentJob } from 'thread-system/worker';

/** Each of these counts up for as long as it runs. */
export function beat(words, index) {
  const job = currentJob();
  for (;;) {
    job.throwIfCancelled();
    Atomics.add(words, index, 1);
  }
}

export function beatDeaf(words, index) {
  for (;;) Atomics.add(words, index, 1);
}

export async function beatAsync(words, index) {
  const job = currentJob();
  for (;;) {
    job.throwIfCancelled();
    Atomics.add(words, index, 1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
