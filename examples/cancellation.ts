// Stopping running work, even a loop that never awaits, without losing its thread.
import { CancelledError, type Job, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 1_000 });

// 1. By the job itself. The loop checks its job in each iteration, which costs one read of shared memory.
const loop = pool.submit(tasks.countForever);
await begun(loop);
loop.cancel('no longer needed');
console.log(await whyItStopped(loop), '-', loop.state);

// 2. By an AbortSignal, as with fetch() and timers. A CancellationToken is passed in the same way: `{ token }`.
const controller = new AbortController();
const aborted = pool.submit(tasks.countForever, [], { signal: controller.signal });
await begun(aborted);
controller.abort('the user left');
console.log(await whyItStopped(aborted), '-', aborted.state);

// Both loops ended by themselves, so their thread lives on, with all that it has loaded.
console.log('Same thread:', loop.workerId === aborted.workerId);

// 3. A task that never checks has a grace period; then its thread is replaced, so that the pool always recovers.
const deaf = pool.submit(tasks.countWithoutAsking, [], { graceMs: 50 });
await begun(deaf);
deaf.cancel('it does not listen');
console.log(await whyItStopped(deaf), '-', deaf.state);
const next = pool.submit(() => 'The pool goes on');
console.log(await next, '- on a new thread:', next.workerId !== deaf.workerId);

/** The tasks report once when they begin. */
async function begun(job: Job): Promise<void> {
  for await (const _ of job.progress) return;
}

async function whyItStopped(job: Job): Promise<unknown> {
  const error: unknown = await job.catch((thrown: unknown) => thrown);
  return error instanceof CancelledError ? error.reason : error;
}
