// Policies of the package cockatiel around jobs: a circuit breaker, a bulkhead, retries with a time limit for each. Each
// policy passes its `signal` to the job, so that a job does not run on after the policy has given it up.
import {
  bulkhead,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  fallback,
  handleAll,
  handleWhen,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { CancelledError, registerErrorClass, ThreadPool, taskModule } from 'thread-system';
import { HttpError } from './http-error.js';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
registerErrorClass(HttpError);

await using pool = new ThreadPool({ maxWorkers: 1 });

// 1. After three failures in a row a circuit breaker stops calling: further jobs are not even submitted.
const isServerError = handleWhen((error) => error instanceof HttpError && error.status >= 500);
const breaker = circuitBreaker(isServerError, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(3) });
for (let call = 0; call < 5; call++)
  await show(breaker.execute(({ signal }) => pool.submit(tasks.fetchFlaky, ['/down', 100], { signal })));
console.log('submitted:', pool.metrics().submitted);

// 2. A bulkhead lets two of these jobs into the pool at once, keeps two more waiting outside, and refuses the rest.
const reports = bulkhead(2, 2);
const before = pool.metrics().submitted;
const calls = [1, 2, 3, 4, 5].map((n) =>
  reports.execute(({ signal }) => pool.submit((x: number) => x * x, [n], { signal })),
);
console.log('in the pool:', pool.metrics().submitted - before, 'waiting:', 2 - reports.queueSlots);
await show(...calls);

// 3. The time limit of a policy cancels the running job: its loop stops, and its thread is kept.
const slow = timeout(50, TimeoutStrategy.Cooperative);
const job = slow.execute(({ signal }) => pool.submit(tasks.countForever, [], { signal }));
await job.catch((error: unknown) => console.log('stopped:', error instanceof CancelledError));
console.log(
  'workers:',
  pool
    .metrics()
    .workers.map(({ id }) => id)
    .join(),
);

// 4. Composed, the outermost first: a fallback when all attempts have failed, each with a time limit of its own.
const patient = wrap(
  fallback(handleAll, 'the page of yesterday'),
  retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(5) }), // two more after the first
  timeout(5_000, TimeoutStrategy.Cooperative),
);
const begun: string[] = [];
pool.on('jobStarted', ({ name }) => begun.push(name));
console.log(
  await patient.execute(({ signal }) => pool.submit(tasks.fetchPage, ['/missing'], { signal, name: 'page' })),
);
console.log(begun.join(' '));

async function show(...calls: Promise<unknown>[]): Promise<void> {
  for (const call of await Promise.allSettled(calls))
    console.log(call.status === 'fulfilled' ? call.value : String(call.reason));
}
