// The modes of a shutdown: what each does to a running job and three waiting ones.
import { type ShutdownMode, ThreadPool } from 'thread-system';

await shutDown('drain'); // the default: everything that was submitted runs
await shutDown('finishRunning'); // running jobs may end, waiting ones are cancelled
await shutDown('abort'); // all jobs are cancelled, and the threads end at once

// With a time limit: jobs that have not ended by then are aborted.
const pool = new ThreadPool({ maxWorkers: 1 });
pool.submit(() => new Promise(() => {})); // never ends
console.log('drain, for 100 ms at most', await pool.shutdown({ timeoutMs: 100 }));

async function shutDown(mode: ShutdownMode): Promise<void> {
  const pool = new ThreadPool({ maxWorkers: 1 });
  // The first job runs until this gate opens, so that the output is the same on every machine.
  const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const isRunning = new Promise<void>((resolve) => pool.on('jobStarted', () => resolve()));
  pool.submit((held: Int32Array) => void Atomics.wait(held, 0, 0), [gate]);
  await isRunning;
  pool.submitMany((n: number) => n * 2, [[1], [2], [3]]);

  const ended = pool.shutdown({ mode });
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  console.log(mode, await ended);
}
