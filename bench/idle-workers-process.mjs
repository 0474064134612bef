// Opens a pool in a process of its own, and sends how much resident memory each of its idle workers has cost, in bytes.
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [library, count] = process.argv.slice(2);
const workers = Number(count);
const file = new URL('./tasks/meet.cjs', import.meta.url);
/** What each worker is given: it ends when all have theirs. */
const input = { words: new Int32Array(new SharedArrayBuffer(4)), count: workers };
const open = await { 'thread-system': prepareOurs, piscina: preparePiscina }[library]();

const before = await residentMemory();
const run = open();
await Promise.all(Array.from({ length: workers }, run));
const after = await residentMemory();
process.send((after - before) / workers, () => process.exit());

/** Imports what it needs at once: that is no worker's. */
async function prepareOurs() {
  const { ThreadPool, taskModule } = await import('../dist/index.js');
  const { meet } = taskModule(file);
  return () => {
    const pool = new ThreadPool({ minWorkers: workers, maxWorkers: workers });
    return () => pool.submit(meet, [input]);
  };
}

async function preparePiscina() {
  const { Piscina } = await import('piscina');
  return () => {
    const pool = new Piscina({ filename: fileURLToPath(file), name: 'meet', minThreads: workers, maxThreads: workers });
    return () => pool.run(input);
  };
}

async function residentMemory() {
  for (let turn = 0; turn < 5; turn++) {
    await setTimeout(100);
    globalThis.gc();
  }
  return process.memoryUsage.rss();
}
