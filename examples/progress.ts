// What a task reports while it runs.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 1 });

// A task calls currentJob().report(value); `progress` gives every value in order, and ends when the job does.
const primes = pool.submit(tasks.primesBelow, [50_000]);
for await (const share of primes.progress) console.log(`${Number(share) * 100} %`);
console.log(`${(await primes).length} primes`);

// A generator task yields what it reports and returns its result. Both are typed.
const collatz = pool.submit(tasks.collatz, [6]);
const path: number[] = [];
for await (const n of collatz.progress) path.push(n);
console.log(`${path.join(' ')}: ${await collatz} steps`);

// A listener, if a loop does not fit.
const again = pool.submit(tasks.collatz, [5]);
again.onProgress((n) => console.log(`at ${n}`));
await again;
