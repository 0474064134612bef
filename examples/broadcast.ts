// A call that every worker runs once, including those started later, for example to announce a change to all of them.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./worker-tasks.js')>(new URL('./worker-tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 3, minWorkers: 2 });
console.log(await pool.broadcast(tasks.useRates, [{ EUR: 1, USD: 1.25 }])); // a result from each present worker
console.log(await pool.submit(tasks.convert, [100, 'USD']));

console.log(await pool.broadcast(tasks.useRates, [{ EUR: 1, USD: 1.5, GBP: 0.75 }]));
const jobs = pool.submitMany(tasks.convert, [
  [100, 'USD'],
  [100, 'GBP'],
  [100, 'EUR'],
]);
console.log(await Promise.all(jobs)); // a third worker, started for these jobs, has them, too

await pool.broadcast(tasks.convert, [1, 'XYZ']).catch((error) => console.log(String(error)));
