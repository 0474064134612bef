// A function that runs as long as the program, on a thread of its own instead of a worker of a pool.
import { Thread, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

const server = Thread.run('server', tasks.serve, ['server']);
const log = server.run('log', tasks.serve, ['log']); // a child: it stops before the server does
for (const thread of [server, log]) {
  for await (const report of thread.job.progress) {
    console.log(report);
    break;
  }
  thread.stopped.onGo(() => console.log(`${thread.name} has ended`));
}

server.stop('the day is over');
console.log(await server.join()); // what it returned, although it was asked to stop
console.log(await log.join());

const broken = Thread.run('broken', () => {
  throw new Error('no disk');
});
await broken.join().catch((error) => console.log(`${broken.name}: ${error.message}`));
