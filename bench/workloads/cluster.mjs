import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { startRedis } from '../../scripts/redis-server.mjs';
import { openBullmq, openCluster, tasks } from '../contenders/queues.mjs';
import { closeAll, figure } from '../measure.mjs';
import { median } from '../statistics.mjs';

export const name = 'cluster';

const BATCH = { max: 32 };

/** Needs a redis-server: without it there are no rows. */
export async function run(how) {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.error('Not measured: cluster needs a redis-server in PATH');
    return [];
  }
  const { connection, stop } = await startRedis();
  const redis = new Redis(connection);
  try {
    return [...(await throughput(how, connection, redis)), ...(await cancel(how, connection))];
  } finally {
    redis.disconnect();
    stop();
  }
}

/** CPU time of the server, in ms. */
async function redisCpuMs(redis) {
  const info = await redis.info('cpu');
  return 1_000 * ['user', 'sys'].reduce((sum, kind) => sum + Number(info.match(`used_cpu_${kind}:([\\d.]+)`)[1]), 0);
}

/** What a job costs all processes together, in µs of CPU, and how many complete in a second. */
async function measure(contender, count, redis) {
  const cpuMs = async () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000 + contender.cpuMs() + (await redisCpuMs(redis));
  };
  const before = await cpuMs();
  const start = performance.now();
  await contender.run(count);
  const seconds = (performance.now() - start) / 1_000;
  return { cpuUs: (1_000 * ((await cpuMs()) - before)) / count, rate: count / seconds };
}

async function throughput(how, connection, redis) {
  const contenders = [
    await openCluster(connection, false),
    await openCluster(connection, BATCH),
    await openBullmq(connection, true),
    await openBullmq(connection, false),
  ];
  const count = how.size(5_000, 500);
  const trips = how.size(500, 20);
  const measured = contenders.map(() => []);
  const rounds = how.rounds(5);
  for (const contender of contenders) await contender.run(count); // once without the clock
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length;
      globalThis.gc();
      const job = await measure(contenders[index], count, redis);
      measured[index].push({ ...job, tripMs: await roundTrip(contenders[index], trips) });
    }
  await closeAll(contenders);
  const [alone, batched, sandbox, inProcess] = contenders.map(
    (contender, index) => (what) =>
      figure(
        contender,
        measured[index].map((values) => values[what]),
      ),
  );
  const cpu = { unit: 'µs', better: 'less', judged: 'ratio' };
  const sum = `CPU of submitter, host and Redis; ${count} no-ops a round, submitted at once; one host.`;
  return [
    {
      ...cpu,
      workload: "cluster: CPU a job, unbatched, beside BullMQ's sandbox",
      figures: [alone('cpuUs'), sandbox('cpuUs')],
      limit: { atMost: 1 },
      note: sum,
    },
    {
      ...cpu,
      workload: 'cluster: CPU a job, unbatched, beside BullMQ without threads',
      figures: [alone('cpuUs'), inProcess('cpuUs')],
      limit: { atMost: 1.5 },
      note: sum,
    },
    {
      ...cpu,
      workload: "cluster: CPU a job, in batches, beside BullMQ's sandbox",
      figures: [batched('cpuUs'), sandbox('cpuUs')],
      note: sum,
    },
    {
      workload: "cluster: jobs in batches, beside BullMQ's sandbox",
      unit: 'jobs/s',
      better: 'more',
      figures: [batched('rate'), sandbox('rate')],
      judged: 'ratio',
      limit: { atLeast: 5 },
      note: sum,
    },
    {
      workload: 'cluster: one at a time: round trip, median',
      unit: 'ms',
      better: 'less',
      figures: [alone('tripMs'), inProcess('tripMs'), sandbox('tripMs')],
      judged: 'ratio',
      note: `${trips} no-ops a round, each submitted when its submitter has heard that the one before has completed.`,
    },
  ];
}

async function roundTrip(contender, trips) {
  const times = [];
  for (let trip = 0; trip < trips; trip++) {
    const start = performance.now();
    await contender.run(1);
    times.push(performance.now() - start);
  }
  return median(times);
}

/** A CPU loop on a host, cancelled at some moment of its run. */
async function cancel(how, connection) {
  const contender = await openCluster(connection, false);
  const count = how.size(300, 20);
  const times = [];
  for (let each = 0; each < count; each++) {
    const job = contender.pool.submit(tasks.spin);
    job.catch(() => {});
    await new Promise((resolve) => contender.pool.once('jobStarted', () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, each % 10));
    const start = performance.now();
    if (!(await job.cancel())) throw new Error(`Cancel ${each} was answered false`);
    await job.catch(() => {});
    times.push(performance.now() - start);
    if (job.state !== 'CANCELLED') throw new Error(`Cancelled job ${each} is ${job.state}`);
  }
  await contender.close();
  return [
    {
      workload: 'cluster: from `cancel` to settled, a loop on a host: median',
      unit: 'ms',
      better: 'less',
      figures: [figure(contender, [median(times)])],
      judged: 'value',
      limit: { atMost: 10 },
      note: `${count} loops that look at their token; each answer of \`cancel\` was right.`,
    },
  ];
}
