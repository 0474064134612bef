// Kills hosts of a cluster while it works, and checks that no job is lost and none settles twice: `node scripts/cluster-kills.mjs`, after
// a build. `--jobs 6000 --kills 12 --batch 32` are the defaults; `--batch 1` for none. Needs a redis-server in PATH.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ClusterPool, remoteTasks } from '../dist/cluster.js';
import { startRedis } from './redis-server.mjs';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '6000' },
    kills: { type: 'string', default: '12' },
    batch: { type: 'string', default: '32' },
  },
});
const [jobCount, killCount, max] = [values.jobs, values.kills, values.batch].map(Number);
const HOST = fileURLToPath(new URL('../tests/cluster/fixtures/host.mjs', import.meta.url));
const LOCKS = { lockMs: 1_500, stalledMs: 500, maxCrashes: 100 };

async function startHost(connection) {
  const host = fork(HOST, [JSON.stringify({ connection, queue: 'kills', maxWorkers: 2, ...LOCKS })]);
  await once(host, 'message');
  return host;
}

const { connection, stop } = await startRedis();
const hosts = [await startHost(connection), await startHost(connection)];
try {
  const pool = new ClusterPool({ connection, queue: 'kills', sweepMs: 2_000, batch: max > 1 ? { max } : false });
  const settled = new Map();
  let done = 0;
  let wake = () => {};
  for (const event of ['jobCompleted', 'jobFailed', 'jobCancelled'])
    pool.on(event, ({ id }) => {
      settled.set(id, (settled.get(id) ?? 0) + 1);
      done++;
      wake();
    });
  const startedAt = performance.now();
  const tasks = remoteTasks();
  const jobs = pool.submitMany(
    tasks.work,
    Array.from({ length: jobCount }, (_, i) => [i % 8]),
  );
  for (let kill = 1; kill <= killCount; kill++) {
    while (done < (kill * jobCount) / (killCount + 1))
      await new Promise((resolve) => {
        wake = resolve;
      });
    const host = hosts[kill % 2];
    host.kill('SIGKILL');
    await once(host, 'exit');
    hosts[kill % 2] = await startHost(connection);
  }
  await pool.waitAll();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const { own, recoveries } = await pool.metrics();
  const twice = [...settled.values()].filter((times) => times > 1).length;
  const again = jobs.filter(({ attempts }) => attempts > 1).length;
  const lost = jobs.filter(({ state }) => state !== 'COMPLETED').length;
  console.log(`${jobCount} jobs, ${killCount} kills, batches of up to ${max}: ${seconds} s`);
  console.log(
    `completed ${own.completed}, lost ${lost}, settled twice ${twice}, recovered ${recoveries}, run again ${again}`,
  );
  await pool.shutdown();
  if (lost > 0 || twice > 0) process.exitCode = 1;
} finally {
  for (const host of hosts) host.kill('SIGKILL');
  stop();
}
