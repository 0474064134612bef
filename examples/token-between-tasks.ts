// One token shared by several tasks: the first that finds the answer stops the others.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CancellationToken, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
const NUMBER = 7919 * 1_000_000_000_039;
const SEARCHERS = 4;

await using pool = new ThreadPool({ maxWorkers: SEARCHERS });
const found = new CancellationToken(); // passed as an argument: all threads see the same flag

// Each searches a range of its own. The three that find nothing would go on for a long time.
const size = Math.ceil(Math.sqrt(NUMBER) / SEARCHERS);
const jobs = Array.from({ length: SEARCHERS }, (_, i) =>
  pool.submit(tasks.findFactor, [NUMBER, { from: Math.max(2, i * size), to: (i + 1) * size }, found]),
);

for (const [i, factor] of (await Promise.all(jobs)).entries())
  console.log(`Range ${i + 1}:`, factor === undefined ? 'stopped' : `${NUMBER} = ${factor} x ${NUMBER / factor}`);
await nextTurn(); // results come through shared memory, a reason by message: it may be a turn of the event loop later
console.log('Why:', found.reason);
