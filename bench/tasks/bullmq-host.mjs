// A plain BullMQ worker in a process of its own: `node bullmq-host.mjs '{"connection": …, "queue": …, "threads": 2}'`. Without `threads`
// it runs jobs in its own event loop, 50 at once.
import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';

const { connection, queue, threads } = JSON.parse(process.argv[2]);
const worker =
  threads === undefined
    ? new Worker(queue, async () => undefined, { connection, concurrency: 50 })
    : new Worker(queue, fileURLToPath(new URL('./bullmq.cjs', import.meta.url)), {
        connection,
        concurrency: threads,
        useWorkerThreads: true,
      });
await worker.waitUntilReady();
process.send('ready');
