// Aging: jobs rise while they wait, so that an endless stream of urgent ones does not keep the others out for ever.
import { JobPriority, ThreadPool, type ThreadPoolOptions } from 'thread-system';

const REQUESTS = 200;

/** A stream of urgent requests, of which some always wait, and one report. Which place does the report get? */
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
    request(); // where one has gone, another comes
  });

  for (let i = 0; i < 20; i++) request();
  pool.submit(() => {}, [], { name: 'report', priority: JobPriority.LOW });
  await idle;
  return order.indexOf('report') + 1;
}

console.log('Without aging: place', await placeOfReport({}), 'of', REQUESTS + 1);
// every 10 ms a waiting job rises by a priority: after 20 ms LOW is as urgent as a HIGH one that comes then
const place = await placeOfReport({ aging: { everyMs: 10, step: 1, starvationMs: 20 } });
console.log('With aging: before', place <= REQUESTS / 2 ? 'more than half' : 'few', 'of the requests');
