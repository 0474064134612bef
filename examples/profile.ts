// Where the time goes: one CPU profile of the main thread and all workers, for Chrome DevTools or speedscope.
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CpuProfile, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
let primes: number[][] = [];
const profile = await pool.profile(async () => {
  primes = await pool.map(tasks.primesBelow, [2_000_000, 3_000_000], { chunk: 1 });
});
console.log(primes.map(({ length }) => length));

const file = join(tmpdir(), `primes-${process.pid}.cpuprofile`);
await writeFile(file, JSON.stringify(profile)); // open it in DevTools (Performance), or at speedscope.app
await rm(file); // here it is only an example

// Or look into it: a tree, with one child of its root for each thread.
const [root, ...nodes] = profile.nodes;
const threads = nodes.filter(({ id }) => root?.children?.includes(id));
console.log(threads.map(({ callFrame }) => callFrame.functionName));
console.log('primesBelow:', samplesOf(profile, 'primesBelow') > 10 ? 'hot' : 'cold');

/** How often a function was at work, on all threads. */
function samplesOf({ nodes, samples }: CpuProfile, name: string): number {
  const own = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === name).map(({ id }) => id));
  return samples.filter((id) => own.has(id)).length;
}
