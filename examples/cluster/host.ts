// A host: runs on each machine, and inspects the files that others submit. On SIGTERM it finishes running jobs and gives back
// the rest.
import { taskModule } from 'thread-system';
import { ClusterHost } from 'thread-system/cluster';

const tasks = taskModule<typeof import('../inspect-folder-tasks.js')>(
  new URL('../inspect-folder-tasks.js', import.meta.url),
);

const host = new ClusterHost({
  connection: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  queue: process.env['QUEUE'] ?? 'files',
  id: process.env['HOST_ID'],
  tasks,
  lockMs: 3_000, // a dead host is noticed within some seconds
  stalledMs: 1_000,
  logger: console,
});
ClusterHost.handleSignals();
await host.ready;
console.log(`${host.id} takes jobs`);
await host.closed;
