// Measures what the simulation needs to know of this machine, and prints it: `node bench/simulation/calibrate.mjs`, after a build.
// Needs a redis-server in PATH. Only CPU time and memory are read, which depend on the load of the machine less than time does.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { ClusterPool, remoteTasks } from '../../dist/cluster.js';
import { startRedis } from '../../scripts/redis-server.mjs';

const HOST = fileURLToPath(new URL('../../tests/cluster/fixtures/host.mjs', import.meta.url));
const JOBS = 1_000;
const tasks = remoteTasks();

const { connection, stop } = await startRedis();
const redis = new Redis(connection);

/** CPU time of a process, in ms: Linux counts in 1/100 s. */
const cpuOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
};

/** @returns {Promise<number>} */
async function info(section, name) {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await redis.info(section))?.[1]);
}
const cpuMs = async () => 1_000 * ((await info('cpu', 'used_cpu_user')) + (await info('cpu', 'used_cpu_sys')));

const list = Array.from({ length: JOBS }, () => []);
const makePool = (queue, batch) => new ClusterPool({ connection, queue, batch, connectTimeoutMs: 120_000 });

/** How many bytes a no-op job takes in Redis while it waits, and once it has settled. */
async function measureBytes(queue, batch) {
  const pool = makePool(queue, batch);
  await pool.pause();
  const before = await info('memory', 'used_memory');
  await Promise.all(pool.submitMany(tasks.noop, list).map(({ added }) => added));
  const bytes = ((await info('memory', 'used_memory')) - before) / JOBS;
  pool.on('jobFailed', (job) => void job.catch(() => {}));
  await pool.shutdown({ mode: 'detach' });
  return bytes;
}

/** What a no-op job costs Redis, its submitter and its host, in µs of CPU. */
async function measureCpu(queue, batch) {
  const pool = makePool(queue, batch);
  const host = fork(HOST, [JSON.stringify({ connection, queue, maxWorkers: 2, window: 32 })]);
  await once(host, 'message');
  await Promise.all(pool.submitMany(tasks.noop, list)); // once without the clock
  const hostMs = () => cpuOf(host.pid);
  const [cpuBefore, ownBefore, hostBefore] = [await cpuMs(), process.cpuUsage(), hostMs()];
  await Promise.all(pool.submitMany(tasks.noop, list));
  const own = process.cpuUsage(ownBefore);
  const redisUs = (1_000 * ((await cpuMs()) - cpuBefore)) / JOBS;
  const hostUs = (1_000 * (hostMs() - hostBefore)) / JOBS;
  await pool.shutdown({ mode: 'abort' });
  host.kill();
  await once(host, 'exit');
  return { redisUs, submitterUs: (own.user + own.system) / JOBS, hostUs };
}

try {
  for (const [name, batch] of Object.entries({ alone: false, 'batches of 32': { max: 32 } })) {
    const queue = name.replaceAll(' ', '-');
    const { redisUs, submitterUs, hostUs } = await measureCpu(queue, batch);
    console.log(
      `a no-op job, ${name}: Redis ${redisUs.toFixed(1)} µs, submitter ${submitterUs.toFixed(1)} µs, host ${hostUs.toFixed(1)} µs`,
    );
    console.log(`  ${Math.round(await measureBytes(`${queue}-waiting`, batch))} bytes of Redis while it waits`);
  }
} finally {
  redis.disconnect();
  stop();
}
