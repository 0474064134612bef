// What a cluster does when something fails, in figures: `node scripts/cluster-faults.mjs`, after a build. Needs a redis-server in PATH.
//
//   --only redis     Redis is killed and comes back 1.5 s later while 1,500 jobs are added: how many are lost, or settle twice
//   --only lowest    a host dies that runs the least urgent of 121 jobs: in which place that job then runs
//   --only deaf      the event loop of a submitter of 3,000 jobs is blocked for 3 s: of how many it then has the outcome
//   --runs 3         how often each is done
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { ClusterPool, remoteTasks } from '../dist/cluster.js';
import { startRedis } from './redis-server.mjs';

const faults = { redis, lowest, deaf };
const { values } = parseArgs({
  options: { only: { type: 'string', default: Object.keys(faults).join() }, runs: { type: 'string', default: '3' } },
});
const HOST = fileURLToPath(new URL('../tests/cluster/fixtures/host.mjs', import.meta.url));
const LOCKS = { lockMs: 1_500, stalledMs: 500, maxCrashes: 100 };
const tasks = remoteTasks();

for (const name of values.only.split(','))
  for (let run = 1; run <= Number(values.runs); run++) {
    const { figure, isRight } = await faults[name](`${name}-${run}`);
    console.log(`${name}, run ${run}: ${figure}`);
    if (!isRight) process.exitCode = 1;
  }

async function startHost(options) {
  const host = fork(HOST, [JSON.stringify({ maxWorkers: 2, ...LOCKS, ...options })]);
  await once(host, 'message');
  return host;
}

async function kill(host) {
  host.kill('SIGKILL');
  await once(host, 'exit');
}

async function redis(queue) {
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
  const { connection } = server;
  const host = await startHost({ connection, queue });
  const pool = new ClusterPool({ connection, queue, sweepMs: 2_000, connectTimeoutMs: Number.POSITIVE_INFINITY });
  const settled = new Map();
  for (const event of ['jobCompleted', 'jobFailed', 'jobCancelled'])
    pool.on(event, ({ id }) => settled.set(id, (settled.get(id) ?? 0) + 1));
  const jobs = [];
  let back;
  for (let i = 0; i < 1_500; i++) {
    jobs.push(pool.submit(tasks.work, [i % 8]));
    if (i === 750) {
      await server.kill();
      back = sleep(1_500).then(() => server.restart());
    }
    if (i % 10 === 0) await sleep(2);
  }
  await back;
  await pool.waitAll();
  const lost = jobs.filter(({ state }) => state !== 'COMPLETED').length;
  const twice = [...settled.values()].filter((times) => times > 1).length;
  const again = jobs.filter(({ attempts }) => attempts > 1).length;
  await pool.shutdown();
  await kill(host);
  server.stop();
  const figure = `${jobs.length} jobs, Redis killed and back after 1.5 s: lost ${lost}, settled twice ${twice}, run again ${again}`;
  return { figure, isRight: lost === 0 && twice === 0 };
}

async function lowest(queue) {
  const { connection, stop } = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), 'thread-system-faults-'));
  const notes = join(folder, 'notes');
  const lines = () => readFileSync(notes, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  const one = { connection, queue, maxWorkers: 1, window: 1 };
  const first = await startHost(one);
  const pool = new ClusterPool({ connection, queue, batch: false });
  const least = pool.submit(tasks.note, ['least', notes, 1_000], { priority: -1 });
  while (lines().length === 0) await sleep(5);
  await pool.pause();
  await kill(first);
  const jobs = Array.from({ length: 120 }, (_, i) => pool.submit(tasks.note, [i, notes]));
  await Promise.all(jobs.map(({ added }) => added));
  const second = await startHost(one);
  const client = new Redis(connection);
  const inLists = async () => {
    const lengths = await Promise.all(['wait', 'paused'].map((list) => client.llen(`bull:${queue}:${list}`)));
    return lengths[0] + lengths[1];
  };
  while ((await inLists()) === 0) await sleep(5); // until the second host has noticed
  await pool.resume();
  await Promise.all([least, ...jobs]);
  const place = lines().slice(1).indexOf('least') + 1;
  client.disconnect();
  await pool.shutdown();
  await kill(second);
  stop();
  rmSync(folder, { recursive: true });
  return { figure: `the least urgent of 121 jobs, after its host has died: place ${place}`, isRight: place === 121 };
}

async function deaf(queue) {
  const { connection, stop } = await startRedis();
  const host = await startHost({ connection, queue });
  const pool = new ClusterPool({ connection, queue, batch: false, sweepMs: 600_000 }); // no record is read
  const jobs = pool.submitMany(
    tasks.echo,
    Array.from({ length: 3_000 }, (_, i) => [i]),
  );
  await Promise.all(jobs.map(({ added }) => added));
  const end = Date.now() + 3_000;
  while (Date.now() < end);
  await pool.waitAll({ timeoutMs: 60_000 });
  const heard = jobs.filter(({ result }, i) => result === i).length;
  await pool.shutdown({ mode: 'detach' });
  await kill(host);
  stop();
  return { figure: `${jobs.length} jobs, submitter blocked for 3 s: outcome of ${heard}`, isRight: heard === 3_000 };
}
