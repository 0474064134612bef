// Tasks in a file of their own, with imports and types.
import { Job, ThreadPool, taskModule } from 'thread-system';

// Only types are imported here: the module itself is loaded in the workers, when a job first needs it.
// The URL is that of the compiled file; if only tasks.ts exists, that is loaded.
const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 2 });

const digest: string = await pool.submit(tasks.sha256, ['hello']);
console.log(digest);
// pool.submit(tasks.sha256, [42]) does not compile: argument and result types are inferred from the function.

// One task, many arguments.
const jobs = pool.submitMany(tasks.sha256, [['one'], ['two'], ['three']]);
for (const hex of await Promise.all(jobs)) console.log(hex.slice(0, 8));

// A job made first, named, submitted later.
const job = new Job(tasks.sha256, ['later'], { name: 'hash of later' });
await pool.submitJob(job);
console.log(job.name, job.state);
