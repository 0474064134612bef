import { currentJob } from 'thread-system/worker';

export const quick = (value) => value;

export function throwing() {
  throw new Error('on purpose');
}

export function dying() {
  process.exit(3);
}

export function busy(turns) {
  let sum = 0;
  for (let i = 0; i < turns; i++) sum += Math.sqrt(i);
  return sum;
}

/** Long, and stops when asked. */
export function polite(turns) {
  const job = currentJob();
  for (let i = 0; i < turns * 1000; i++) job.throwIfCancelled();
  return turns;
}

export async function later(turns) {
  for (let i = 0; i < turns % 7; i++) await new Promise((resolve) => setImmediate(resolve));
  return turns;
}

export const unclonable = () => () => {};
