// Compiled only: all that the package exports, of each of its entries.
import * as main from 'thread-system';
import { type Job, ThreadPool, taskModule } from 'thread-system';
import * as worker from 'thread-system/worker';
import { currentJob, move } from 'thread-system/worker';

const pool = new ThreadPool({ maxWorkers: 1 });
export const job: Job<number> = pool.submit((x: number) => x, [1]);
export const chained: PromiseLike<string> = job.then(String);
export { currentJob, main, move, taskModule, worker };
