// A queue with a limit: what happens to jobs that arrive when it is full.
import { JobPriority, QueueFullError, ThreadPool } from 'thread-system';

type Overflow = 'reject' | 'dropOldest' | 'dropLowest';

for (const overflow of ['reject', 'dropOldest', 'dropLowest'] as const) console.log(overflow, await flood(overflow));

// A producer that awaits `ready()` before each `submit` never fills the queue.
await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 10 });
let most = 0;
for (let i = 0; i < 1_000; i++) {
  await pool.ready();
  pool.submit((x: number) => x * x, [i]);
  const { pending, active } = pool.metrics();
  most = Math.max(most, pending + active);
}
await pool.waitAll();
const { completed, failed } = pool.metrics();
console.log({ completed, failed }, 'never more than', most, 'at once');

/** Submits more jobs than fit, and returns which ran. `submit` does not throw: a job without room settles FAILED. */
async function flood(overflow: Overflow): Promise<string> {
  await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 3, overflow });
  pool.pause(); // so that none runs yet: 3 fit into the queue, and one more would run
  const names = ['a', 'b', 'c', 'd', 'urgent'];
  const jobs = names.map((name) =>
    pool.submit((text: string) => text, [name], {
      name,
      priority: name === 'urgent' ? JobPriority.HIGH : JobPriority.NORMAL,
    }),
  );
  pool.resume();
  await Promise.allSettled(jobs);
  return jobs.map((job) => (job.error instanceof QueueFullError ? `(${job.name})` : job.name)).join(' ');
}
