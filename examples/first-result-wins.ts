// Several searches, one answer: whichever finds it stops all the others, running or waiting.
import { createHash } from 'node:crypto';
import { CancellationToken, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

const DIGITS = 8;
const PARTS = 6;

await using pool = new ThreadPool({ maxWorkers: 2 });
const wanted = createHash('sha256').update('16680000').digest('hex'); // all that is known about the number

// As an option, the token cancels the jobs; as an argument, it lets the job that finds the number cancel the others.
const found = new CancellationToken();
const size = 10 ** DIGITS / PARTS;
const jobs = Array.from({ length: PARTS }, (_, part) => {
  const range = { from: Math.ceil(part * size), to: Math.ceil((part + 1) * size) };
  return pool.submit(tasks.findPreimage, [wanted, range, found], { token: found, name: `part ${part + 1}` });
});

// A job that cancels the token itself goes on, and settles with its own outcome.
await Promise.allSettled(jobs);
for (const { name, state, result } of jobs)
  console.log(name, state, result === undefined ? 'without a result' : `with ${result}`);
