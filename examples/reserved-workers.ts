// A worker that is kept free for urgent jobs: they begin at once, however many long ones run and wait.
import { JobPriority, ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 3, reserved: [{ atLeast: JobPriority.HIGH, workers: 1 }] });
const report = () => new Promise((resolve) => setTimeout(resolve, 200, 'a report'));
const reports = pool.submitMany(report, Array(5).fill([]));
let most = 0;
pool.on('jobStarted', () => {
  most = Math.max(most, reports.filter(({ state }) => state === 'RUNNING').length);
});

const urgent = pool.submit(() => 'the answer', [], { priority: JobPriority.HIGH });
console.log(await urgent);
await pool.waitAll();
console.log('It waited less than the last report:', urgent.queuedMs < (reports.at(-1)?.queuedMs ?? 0));
console.log('Reports never had all workers:', most <= 2);
