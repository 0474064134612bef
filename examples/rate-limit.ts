// A limit across threads: many workers call a service that can take two requests at once.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
const LIMIT = 2;

let open = 0;
let most = 0;
const service = createServer(async ({ url }, response) => {
  most = Math.max(most, ++open);
  await sleep(10);
  open--;
  response.end(`page ${url?.slice(1)}`);
});

service.listen(0, '127.0.0.1');
await once(service, 'listening');
const { port } = service.address() as AddressInfo;

// Four threads with three open jobs each: without a limit, twelve would call at once.
await using pool = new ThreadPool({ maxWorkers: 4, concurrency: 3 });
const permits = new Semaphore(LIMIT);
const jobs = Array.from({ length: 12 }, (_, page) =>
  pool.submit(tasks.fetchText, [`http://127.0.0.1:${port}/${page + 1}`, permits]),
);
console.log((await Promise.all(jobs)).join(', '));
console.log(`Never more than ${LIMIT} at once:`, most <= LIMIT);
console.log('All permits are back:', permits.value === LIMIT);
service.close();
