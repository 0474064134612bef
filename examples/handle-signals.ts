// A service that Ctrl-C, Docker or Kubernetes asks to end: it accepts no more work, and finishes what it has begun.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

// On SIGINT or SIGTERM all pools and threads are shut down, and then the signal ends the process. Whatever does not end
// in time is aborted; a second signal aborts everything at once.
ThreadPool.handleSignals({ mode: 'finishRunning', timeoutMs: 10_000 });

const pool = new ThreadPool({ maxWorkers: 1 });
pool.on('jobCompleted', (job) => console.log(job.name, job.state));
pool.on('jobCancelled', (job) => console.log(job.name, job.state));

const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
const request = pool.submit(tasks.answerWhenOpen, [gate], { name: 'running request' });
pool.submit(tasks.sha256, ['later'], { name: 'waiting request' });
for await (const _ of request.progress) break; // its code has begun

process.once('SIGTERM', () => {
  Atomics.store(gate, 0, 1); // the request ends just after the signal
  Atomics.notify(gate, 0);
});
console.log('Ready: send SIGTERM');
