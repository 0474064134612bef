// Replacing the workers of leaky code, such as a native add-on, now and then: no job is lost, and none is stopped.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./worker-tasks.js')>(new URL('./worker-tasks.js', import.meta.url));

// A limit of jobs, as that gives the same output on every machine; `heapMb` and `afterMs` are further limits.
await using pool = new ThreadPool({ maxWorkers: 1, recycle: { afterJobs: 3 } });
await pool.warmUp(); // the first job finds its worker ready
console.log('Workers before the first job:', pool.metrics().workers.length);

const leaked: number[] = [];
for (let i = 0; i < 6; i++) leaked.push(await pool.submit(tasks.leak));
console.log('MB leaked on the worker of each job:', leaked.join(' '));

// Replaces all workers, one after the other, for example after a deployment that changed the tasks.
await pool.submit(tasks.leak);
await pool.recycle();
console.log('After recycle():', await pool.submit(tasks.leak));
