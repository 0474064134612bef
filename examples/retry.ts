// Retrying what fails now and then: after which errors, how often, and with which delays.
import { registerErrorClass, ThreadPool, taskModule } from 'thread-system';
import { HttpError } from './http-error.js';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
registerErrorClass(HttpError);

await using pool = new ThreadPool({ maxWorkers: 1 });
pool.on('jobRetried', (job, { error, attempt, delayMs }) =>
  console.log(`${job.name}: attempt ${attempt} failed (${String(error)}), the next in ${delayMs} ms`),
);

// 1. Each delay is twice the previous one. Waiting occupies no worker: the other job runs meanwhile.
const page = pool.submit(tasks.fetchFlaky, ['/news', 3], {
  name: 'news',
  retry: { maxAttempts: 5, delayMs: 50, backoff: 'exponential' },
});
const square = pool.submit((x: number) => x * x, [7]);
console.log(await page, 'after', page.attempts, 'attempts');
console.log('Meanwhile:', await square);

// 2. Not every error is worth another attempt.
const missing = pool.submit(tasks.fetchPage, ['/missing'], {
  name: 'missing',
  retry: { maxAttempts: 5, retryIf: (error) => error instanceof HttpError && error.status >= 500 },
});
await missing.catch((error: unknown) => console.log(String(error), 'after', missing.attempts, 'attempt'));

// 3. After the last attempt the job fails with the last error.
const down = pool.submit(tasks.fetchFlaky, ['/down', 100], { name: 'down', retry: { maxAttempts: 2 } });
await down.catch((error: unknown) => console.log(String(error), 'after', down.attempts, 'attempts'));
console.log('Retried:', pool.metrics().retried);
