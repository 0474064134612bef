// A pool made by hand: worker threads between a queue of requests and a queue of results, with a callback for each request. A
// ThreadPool does all of this; here are its parts, for programs that need to combine them differently.
import { Channel, Thread, taskModule } from 'thread-system';
import type { WorkRequest, WorkResult } from './channel-tasks.js';

const tasks = taskModule<typeof import('./channel-tasks.js')>(new URL('./channel-tasks.js', import.meta.url));

const requests = new Channel<WorkRequest>({ capacity: 4 });
const results = new Channel<WorkResult>({ capacity: 4 });
const workers = [1, 2, 3].map((n) => Thread.run(`worker ${n}`, tasks.serveRequests, [requests, results]));

// Calls the callbacks as results arrive.
const callbacks = new Map<number, (result: WorkResult) => void>();
const polled = (async () => {
  for await (const result of results) {
    callbacks.get(result.id)?.(result);
    callbacks.delete(result.id);
  }
})();

let sum = 0n;
const errors: string[] = [];
for (let id = 0; id <= 100; id++) {
  callbacks.set(id, (result) => {
    if ('value' in result) sum += result.value;
    else errors.push(String(result.error));
  });
  await requests.send({ id, text: id === 50 ? 'fifty' : String(id) }); // waits while the queue is full
}

requests.close(); // the workers handle what is queued, then end
await Promise.all(workers.map((worker) => worker.join()));
results.close();
await polled;
console.log('Sum of the squares:', sum);
console.log('Errors:', errors.join());
console.log('Without a result:', callbacks.size);
