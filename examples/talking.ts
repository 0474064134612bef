// Messages to a running job, and functions of the main thread that tasks call.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

/** What tasks may ask of this thread. */
const functions = {
  rateOf: async (currency: string): Promise<number> => ({ EUR: 1, USD: 1.1 })[currency] ?? 0,
};

await using pool = new ThreadPool({ maxWorkers: 1, functions });

// A message can be posted at any time, even to a synchronous loop. It waits until the code reads it.
const counting = pool.submit(tasks.countUntilTold);
for await (const _ of counting.progress) break; // it has begun
counting.post('stop');
console.log(`counted until it was told to ${await counting}`);

// A task calls a function of this thread, to use what no worker has: a cache, a connection.
const prices = await Promise.all(['EUR', 'USD'].map((currency) => pool.submit(tasks.priceIn, [currency, 10])));
console.log(prices.join(' '));

export type Functions = typeof functions;
