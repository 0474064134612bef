// Results in the order in which they arrive, including a failure, which does not end the loop.
import { ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 2 });
const square = (x: number): number => {
  if (x === 2) throw new RangeError('2 is not wanted');
  return x * x;
};

// 1. The jobs of a list. Here each waits for the one before it, so that the order is known.
const third = pool.submit(square, [3], { name: 'third', delayMs: 20 });
const second = pool.submit(square, [4], { name: 'second', dependsOn: [third] });
const first = pool.submit(square, [5], { name: 'first', dependsOn: [second] });
for await (const job of pool.asCompleted([first, second, third])) console.log(job.name, job.state, job.result);

// 2. All jobs that complete in the pool from now on, and all that fail.
const results = pool.results();
const failures = pool.failures();
pool.submitMany(square, [[1], [2], [3]]);
void pool.shutdown(); // both loops end when the pool has shut down
let sum = 0;
for await (const job of results) sum += Number(job.result);
console.log('sum', sum);
for await (const job of failures) console.log(job.name, String(job.error));

// 3. One job for all who need the same result at the same time.
await using shared = new ThreadPool({ maxWorkers: 1 });
const one = shared.submit(square, [6], { key: 'square of 6' });
const other = shared.submit(square, [6], { key: 'square of 6' });
console.log('the same job:', one === other, await other);
