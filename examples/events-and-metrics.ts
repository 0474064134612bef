// Watching a pool: events as they happen, metrics at any time.
import { ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 1 });

pool.on('workerStarted', () => console.log('a worker is ready'));
pool.on('jobStarted', (job) => console.log(`${job.name} started`));
pool.on('jobCompleted', (job) => console.log(`${job.name} completed: ${job.result}`));
pool.on('jobFailed', (job) => console.log(`${job.name} failed: ${job.error}`)); // one place for all failures
pool.on('jobCancelled', (job) => console.log(`${job.name} cancelled`));
const stopListening = pool.on('idle', () => console.log('nothing left to do'));

pool.submit((n: number) => n ** 2, [7], { name: 'square' });
pool.submit((text: string) => BigInt(text), ['seven'], { name: 'parse' });
pool.submit(() => {}, [], { name: 'unwanted', priority: 0 }).cancel();
await pool.waitAll();
stopListening(); // on() returns a function that unregisters

// At every moment: submitted = pending + active + completed + failed + cancelled
const { submitted, pending, active, completed, failed, cancelled, queuedMs, executionMs, workers, byPriority } =
  pool.metrics();
console.log({ submitted, pending, active, completed, failed, cancelled });
console.log('By priority:', byPriority);
for (const { jobs, state } of workers) console.log(`A worker ran ${jobs} jobs and is ${state}`);
// Times differ from run to run; each of these has mean, p50, p90, p99 and max, in ms.
console.log('Measured:', { queuedMs: queuedMs.count, executionMs: executionMs.count });
