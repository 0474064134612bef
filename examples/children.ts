// Tasks that submit tasks: a sort that splits its work in halves until they are small, on any number of threads.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

const numbers = Float64Array.from({ length: 4_000 }, (_, i) => (i * 7919) % 4_001);
for (const maxWorkers of [1, 2]) {
  // A parent does not occupy its worker while it waits: even one thread is enough.
  await using pool = new ThreadPool({ maxWorkers });
  const sorted = await pool.submit(tasks.sortInParts, [numbers]);
  const isSorted = sorted.every((n, i) => i === 0 || (sorted[i - 1] ?? 0) <= n);
  console.log(`${maxWorkers} thread(s), ${pool.metrics().completed} jobs, sorted: ${isSorted}`);
}

// Children are cancelled with their parent, which settles after them.
await using pool = new ThreadPool({ maxWorkers: 2 });
const states: string[] = [];
pool.on('jobCancelled', (job) => states.push(job.name));
const family = pool.submit(tasks.serveBoth, [['a', 'b']]);
for await (const _ of family.progress) break;
family.cancel();
await family.catch((error) => console.log(String(error)));
await pool.waitAll();
console.log(states.length, 'jobs were cancelled, the last is', states.at(-1));
