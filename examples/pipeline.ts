// Stages that several threads enter together: all parts are loaded, then all take each step at the same time.
import { Barrier, Latch, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

const WORKERS = 3;
const CELLS = 24;
const STEPS = 100;

await using pool = new ThreadPool({ maxWorkers: WORKERS }); // all parties of a barrier must run at once

// A rod, hot at one end. Two copies in shared memory: each step reads one and writes the other.
const rod = (): Float64Array => new Float64Array(new SharedArrayBuffer(CELLS * Float64Array.BYTES_PER_ELEMENT));
const copies: [Float64Array, Float64Array] = [rod(), rod()];
const loaded = new Latch(WORKERS);
const stepped = new Barrier(WORKERS);

const jobs = Array.from({ length: WORKERS }, (_, i) => {
  const part = { from: (i * CELLS) / WORKERS, to: ((i + 1) * CELLS) / WORKERS };
  return pool.submit(tasks.conductHeat, [copies, part, { steps: STEPS, loaded, stepped }]);
});

await loaded.wait();
console.log('All parts are loaded');
await Promise.all(jobs);
console.log(`After ${STEPS} steps:`, [...copies[0]].map((heat) => Math.round(heat)).join(' '));
