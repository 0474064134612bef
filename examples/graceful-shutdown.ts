// Ending a pool: what becomes of the job that runs and of the three that wait.
import { type ShutdownMode, ThreadPool } from 'thread-system';

await shutDown('drain'); // the default: everything that was submitted runs
await shutDown('finishRunning'); // what runs may end, what waits is cancelled
await shutDown('abort'); // everything is cancelled, the threads end at once

// A time limit: what has not ended by then is aborted.
const pool = new ThreadPool({ maxWorkers: 1 });
pool.submit(() => new Promise(() => {})); // never ends
console.log('drain, for 100 ms at most', await pool.shutdown({ timeoutMs: 100 }));

async function shutDown(mode: ShutdownMode): Promise<void> {
  const pool = new ThreadPool({ maxWorkers: 1 });
  // The first job runs until this gate opens, so that the picture is the same on every machine.
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
