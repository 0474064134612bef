// Child processes instead of threads, for native code that may crash: a crash fails only the running job.
import { ThreadPool, taskModule, WorkerExitError } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });

const before = pool.submit(tasks.sha256, ['before']);
// What native code does when an assertion fails: with threads, this program would end.
const crash = pool.submit(tasks.crash, ['SIGABRT']);
const after = pool.submit(tasks.sha256, ['after']);

console.log((await before).slice(0, 8));
await crash.catch((error: unknown) => {
  if (error instanceof WorkerExitError) console.log(`${error.code}:`, String(error.cause));
});
console.log((await after).slice(0, 8));
console.log('The next job ran in another process:', before.workerId !== after.workerId);

// If the work may be done twice, a job can survive the crash, too.
const stubborn = pool.submit(tasks.crashOnce, [], { retry: { maxAttempts: 2, onWorkerExit: true } });
console.log(await stubborn, 'after', stubborn.attempts, 'attempts');

// Cancelling works as with threads: a loop that checks stops, and its process is kept.
const loop = pool.submit(tasks.countForever);
for await (const _ of loop.progress) break;
loop.cancel('enough');
await loop.catch((error: unknown) => console.log(String(error)));
console.log('The same process:', loop.workerId === stubborn.workerId);
