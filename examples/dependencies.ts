// Jobs that wait for other jobs, or for a time: they are PENDING until then, and occupy no worker.
import { DependencyError, type Job, ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 2 });
const step = (name: string, dependsOn: Job[]): Job<string> =>
  pool.submit((text: string) => `${text} is done`, [name], { name, dependsOn });

// 1. A diamond: `link` runs when both objects are there.
const fetched = step('fetch', []);
const link = step('link', [step('compile a', [fetched]), step('compile b', [fetched])]);
console.log(await link);

// 2. If a job fails, its dependents never run. Their error names the failed job, and has its error as the cause.
const broken = pool.submit((): unknown => JSON.parse('{'), [], { name: 'configure' });
const test = step('test', [broken]);
const publish = step('publish', [test]);
await publish.catch(() => {});
for (const { name, state, error } of [broken, test, publish])
  console.log(name, state, error instanceof DependencyError ? error.code : String(error).split(':')[0]);

// 3. Jobs that start after a delay, `delayMs`, or at a Date, `startAt`.
const later = pool.submit(() => 'later', [], { delayMs: 500 });
console.log(await pool.submit(() => 'at once'), '-', later.state);
console.log(await later, '-', later.state);
