// Ctrl-C: running jobs stop where they can, waiting ones never start, and the program shows what was done by then.
import { CancellationToken, type Job, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

const stop = new CancellationToken();
process.once('SIGINT', () => stop.cancel('Ctrl-C')); // a second one ends the process at once

await using pool = new ThreadPool({ maxWorkers: 2 });
const short = pool.submit(tasks.sha256, ['one'], { token: stop });
const sum = pool.submit(tasks.sumUntil, [stop]); // as an argument: the task ends by itself, and returns what it has
const count = pool.submit(tasks.countForever, [], { token: stop }); // as an option: the job is cancelled
const waiting = pool.submit(tasks.primesBelow, [1000], { token: stop });

await Promise.all([begun(sum), begun(count)]);
console.log('Ready: press Ctrl-C');

await pool.waitAll();
for (const { name, state, result } of [short, sum, count, waiting])
  console.log(name, state, result === undefined ? 'without a result' : `with a ${typeof result}`);
if (stop.isCancelled) process.exitCode = 130; // 128 plus the number of SIGINT, as shells expect

/** The tasks report once when they begin. */
async function begun(job: Job): Promise<void> {
  for await (const _ of job.progress) return;
}
