// Producers and consumers on threads of their own, with a bounded queue between them, like Go's channels or the `Queue` of
// mo-threads.
import { Channel, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./channel-tasks.js')>(new URL('./channel-tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 4 });
const requests = new Channel<import('./channel-tasks.js').Request>({ capacity: 10 });
const lengths = new Channel<number>({ capacity: 100 });

const producers = [0, 500].map((from) => pool.submit(tasks.produce, [requests, from, 500]));
const consumers = [1, 2].map(() => pool.submit(tasks.consume, [requests, lengths]));

// The main thread consumes, too, without blocking.
let total = 0;
const summed = (async () => {
  for await (const length of lengths) total += length;
})();

await Promise.all(producers);
requests.close(); // values already sent are still received
const done = await Promise.all(consumers);
lengths.close();
await summed;

console.log(
  'Requests:',
  done.reduce((sum, count) => sum + count, 0),
);
console.log('Characters:', total);
console.log('After the close:', (await requests.receive()) === Channel.CLOSED);
