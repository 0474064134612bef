// A call that every worker runs once, those started later too: to notify all of them of what has changed.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./worker-tasks.js')>(new URL('./worker-tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 3, minWorkers: 2 });
console.log(await pool.broadcast(tasks.useRates, [{ EUR: 1, USD: 1.25 }])); // a result from each worker there is
console.log(await pool.submit(tasks.convert, [100, 'USD']));

console.log(await pool.broadcast(tasks.useRates, [{ EUR: 1, USD: 1.5, GBP: 0.75 }]));
const jobs = pool.submitMany(tasks.convert, [
  [100, 'USD'],
  [100, 'GBP'],
  [100, 'EUR'],
]);
console.log(await Promise.all(jobs)); // a third worker, started for these, knows them too

await pool.broadcast(tasks.convert, [1, 'XYZ']).catch((error) => console.log(String(error)));
