// Queues in Redis, each with one machine that works: this library's cluster, and plain BullMQ. Needs a redis-server in PATH.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Queue, QueueEvents } from 'bullmq';
import { ClusterPool, remoteTasks } from '../../dist/cluster.js';
import { end, start } from '../child.mjs';

const THREADS = 2;
/** How many jobs are added to BullMQ at once: as many as a ClusterPool adds. */
const AT_ONCE = 250;
/** BullMQ's stream of events has about three for each job. */
const MAX_EVENTS = 100_000;

export const tasks = remoteTasks();

/**
 * A queue, and the process that runs its jobs.
 *
 * @typedef {object} QueueContender
 * @property {string} name
 * @property {string} setting
 * @property {(count: number) => Promise<void>} run runs so many no-ops, and resolves once their submitter knows that all have completed.
 * @property {() => number} cpuMs CPU time of the process that runs jobs.
 * @property {() => Promise<void>} close
 */

let lastQueue = 0;

/** @returns {Promise<QueueContender & { readonly pool: ClusterPool }>} */
export async function openCluster(connection, batch) {
  const queue = `ours-${++lastQueue}`;
  const file = new URL('../../tests/cluster/fixtures/host.mjs', import.meta.url);
  const host = await startHost(file, { connection, queue, maxWorkers: THREADS, window: 32 });
  const pool = new ClusterPool({ connection, queue, batch });
  return {
    name: 'thread-system',
    setting: batch === false ? `${THREADS} threads, window 32` : `${THREADS} threads, batches of ${batch.max}`,
    pool,
    cpuMs: () => cpuOf(host.pid),
    run: async (count) => {
      const list = Array.from({ length: count }, () => []);
      const results = await Promise.all(pool.submitMany(tasks.noop, list));
      if (results.some((result) => result !== undefined)) throw new Error('A no-op gave a value');
    },
    close: async () => {
      await pool.shutdown({ mode: 'abort' });
      await end(host);
    },
  };
}

/** @returns {Promise<QueueContender>} */
export async function openBullmq(connection, isSandboxed) {
  const name = `bullmq-${++lastQueue}`;
  const file = new URL('../tasks/bullmq-host.mjs', import.meta.url);
  const host = await startHost(file, { connection, queue: name, threads: isSandboxed ? THREADS : undefined });
  const queue = new Queue(name, { connection, streams: { events: { maxLen: MAX_EVENTS } } });
  const events = new QueueEvents(name, { connection });
  await events.waitUntilReady();
  let missing = 0;
  let done = () => {};
  events.on('failed', ({ failedReason }) => {
    throw new Error(`A job of BullMQ failed: ${failedReason}`);
  });
  events.on('completed', () => {
    if (--missing === 0) done();
  });
  return {
    name: 'BullMQ',
    setting: isSandboxed ? `sandbox, ${THREADS} threads` : 'in process, 50 at once',
    cpuMs: () => cpuOf(host.pid),
    run: async (count) => {
      missing = count;
      const all = new Promise((resolve) => {
        done = resolve;
      });
      const job = { name: 'noop', data: {}, opts: { removeOnComplete: { age: 3_600 } } };
      for (let left = count; left > 0; left -= AT_ONCE)
        await queue.addBulk(Array.from({ length: Math.min(left, AT_ONCE) }, () => job));
      await all;
    },
    close: async () => {
      await events.close();
      await queue.close();
      await end(host);
    },
  };
}

async function startHost(file, options) {
  const host = start(file, options);
  await once(host, 'message');
  return host;
}

/** CPU time of a process and its threads, in ms: Linux counts in 1/100 s. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
