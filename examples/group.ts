// Jobs that belong together, in a pool that others use too: counted, cancelled and awaited as one.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 2 });
const others = pool.submit(tasks.sha256, ['of somebody else']);

// 1. The block ends when all jobs of the group have settled.
const hashes = pool.group('hashes');
{
  await using group = hashes;
  group.submitMany(tasks.sha256, [['one'], ['two'], ['three']]);
  group.submit(tasks.fetchPage, ['/nowhere']).catch(() => {}); // a failure stops no other job
}
console.log(hashes.name, hashes.stats());

// 2. Groups nest: cancelling one cancels its jobs and its child groups, and nothing else.
const search = pool.group('search');
const endless = search.group('endless');
const count = endless.submit(tasks.countForever);
for await (const _ of count.progress) break; // it has begun
const hash = search.submit(tasks.sha256, ['four']);
endless.cancel('no time');
await search.waitAll();
console.log(count.state, hash.state, await others.then(() => others.state));
console.log(String(count.error));
