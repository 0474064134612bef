// Ending every pool and every named thread at once, without a list of them.
import { shutdownAll, Thread, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

const images = new ThreadPool({ maxWorkers: 1, name: 'images' });
const mails = new ThreadPool({ maxWorkers: 1, name: 'mails' });
const server = Thread.run('server', tasks.serve, ['server']);
for await (const report of server.job.progress) {
  console.log(report);
  break;
}

const jobs = [images.submit(tasks.sha256, ['a.png']), mails.submit(tasks.sha256, ['hello'])];
await shutdownAll(); // like shutdown() of every pool: submitted jobs run; threads are asked to stop

console.log(jobs.map(({ state }) => state).join(' '));
console.log(await server.join(), '-', server.stopped.isSet);
try {
  images.submit(tasks.sha256, ['b.png']);
} catch (error) {
  console.log(String(error));
}
