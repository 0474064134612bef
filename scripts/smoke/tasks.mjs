import { currentJob } from 'thread-system/worker';

export const nameOfJob = () => currentJob().name;

export function runUntilCancelled() {
  const job = currentJob();
  for (;;) job.throwIfCancelled();
}
