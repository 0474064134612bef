// Aging: the priority of jobs rises while they wait, so that an endless stream of urgent ones does not starve the others.
import { JobPriority, ThreadPool, type ThreadPoolOptions } from 'thread-system';

const REQUESTS = 200;

/** A stream of urgent requests, some of which are always waiting, and one report: how many of them run before it? */
async function placeOfReport(options: ThreadPoolOptions): Promise<number> {
  await using pool = new ThreadPool({ maxWorkers: 1, ...options });
  const order: string[] = [];
  const idle = new Promise<void>((resolve) => pool.on('idle', () => resolve()));
  pool.on('starvation', (job, { waitedMs }) => {
    if (job.name === 'report') console.log('The report has waited for 20 ms or more:', waitedMs >= 20);
  });

  const handle = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  let left = REQUESTS;
  const request = () => {
    if (left-- > 0) pool.submit(handle, [1], { name: 'request', priority: JobPriority.HIGH });
  };
  pool.on('jobCompleted', (job) => {
    order.push(job.name);
    request(); // as one ends, another arrives
  });

  for (let i = 0; i < 20; i++) request();
  pool.submit(() => {}, [], { name: 'report', priority: JobPriority.LOW });
  await idle;
  return order.indexOf('report') + 1;
}

console.log('Without aging: place', await placeOfReport({}), 'of', REQUESTS + 1);
// a waiting job rises by one priority every 10 ms: after 20 ms, a LOW job is as urgent as a HIGH one that arrives then
const place = await placeOfReport({ aging: { everyMs: 10, step: 1, starvationMs: 20 } });
console.log('With aging: before', place <= REQUESTS / 2 ? 'more than half' : 'few', 'of the requests');
