// Memory that several threads share: nothing is copied, and nothing is sent back.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
const PARTS = 4;

await using pool = new ThreadPool({ maxWorkers: PARTS });

// A million numbers: each thread adds up its part in place. A plain Float64Array would be cloned for each job.
const numbers = new Float64Array(new SharedArrayBuffer(1_000_000 * Float64Array.BYTES_PER_ELEMENT));
for (let i = 0; i < numbers.length; i++) numbers[i] = i;
const size = numbers.length / PARTS;
const parts = pool.submitMany(
  tasks.sum,
  Array.from({ length: PARTS }, (_, part) => [numbers.subarray(part * size, (part + 1) * size)]),
);
const sums = await Promise.all(parts);
console.log(sums.reduce((total, sum) => total + sum));

// Threads that write to the same place need Atomics: with `counter[0]++` some increments would be lost.
const counter = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
const steps = Array.from({ length: PARTS }, () => [counter, 100_000] as const);
await Promise.all(pool.submitMany(tasks.countUp, steps));
console.log(Atomics.load(counter, 0));
