// Which job runs next: the highest priority, and among equals the one that was submitted first.
import { JobPriority, ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 1 }); // one worker, so that the order can be seen
const order: string[] = [];
pool.on('jobStarted', (job) => order.push(job.name));

const work = () => {};
pool.pause(); // hold the queue until everything is in it
pool.submit(work, [], { name: 'backup', priority: JobPriority.LOWEST });
pool.submit(work, [], { name: 'report' }); // JobPriority.NORMAL is the default
pool.submit(work, [], { name: 'mail', priority: JobPriority.HIGH });
pool.submit(work, [], { name: 'mail, the second', priority: JobPriority.HIGH });
pool.submit(work, [], { name: 'mail that cannot wait', priority: JobPriority.HIGH, front: true });
pool.submit(work, [], { name: 'alarm', priority: 1000 }); // any finite number is a priority
const cleanup = pool.submit(work, [], { name: 'cleanup', priority: -1 });
cleanup.setPriority(2.5); // the priority of a waiting job can change

pool.resume();
await pool.waitAll();
console.log(order.join('\n'));
