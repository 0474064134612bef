// A whole cluster on one machine: Redis, two hosts in processes of their own, and a submitter that has each file of a folder
// inspected. Halfway one host is killed: the other takes over its jobs, and the result is that of one machine.
// `npm run example:cluster -- folder`
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CancellationToken } from 'thread-system';
import { ClusterPool, remoteTasks } from 'thread-system/cluster';
import { formatBytes, formatCount, formatMs, printTable } from '../inspect-folder/format.js';
import { listFiles } from '../inspect-folder/list-files.js';
import { startProgress } from '../inspect-folder/progress.js';

const tasks = remoteTasks<typeof import('../inspect-folder-tasks.js')>();
const QUEUE = 'files';

async function main(folder: string): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'cluster-example-'));
  const port = await freePort();
  const redis = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', data, '--appendonly', 'yes'],
    {
      stdio: 'ignore',
    },
  );
  const isThere = await Promise.race([once(redis, 'spawn').then(() => true), once(redis, 'error').then(() => false)]);
  if (!isThere) {
    console.log('This example needs redis-server: apt-get install redis-server');
    return;
  }
  const url = `redis://127.0.0.1:${port}`;
  const hosts = [startHost('host-1', url), startHost('host-2', url)];
  try {
    await inspect(folder, url, hosts);
  } finally {
    for (const child of [...hosts, redis]) child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
}

async function inspect(folder: string, connection: string, hosts: readonly ChildProcess[]): Promise<void> {
  const { files } = await listFiles(folder, new CancellationToken());
  console.log(`Inspecting ${formatCount(files.length)} files of ${folder} on two hosts`);
  await using cluster = new ClusterPool({ connection, queue: QUEUE, sweepMs: 2_000 });
  const startedMs = performance.now();
  const progress = startProgress(files);
  let recovered = 0;
  cluster.on('jobRecovered', () => recovered++);
  let settled = 0;
  const jobs = files.map(({ path, bytes }) => cluster.submit(tasks.inspectFile, [path], { priority: bytes }));
  const inspected = await Promise.all(
    jobs.map(async (job, index) => {
      const facts = await job;
      const file = files[index];
      if (file !== undefined) progress.fileDone(file);
      if (++settled === Math.ceil(files.length / 2)) hosts[0]?.kill('SIGKILL'); // as if a machine lost power
      return { ...facts, hostId: job.hostId ?? '' };
    }),
  );
  progress.end();
  const ofHost = (id: string): string[] => {
    const own = inspected.filter(({ hostId }) => hostId === id);
    return [id, formatCount(own.length), formatBytes(own.reduce((sum, { bytes }) => sum + bytes, 0))];
  };
  const { own } = await cluster.metrics();
  printTable('What the hosts did', ['host', 'files', 'bytes'], ['host-1', 'host-2'].map(ofHost));
  console.log(
    `${formatCount(own.completed)} of ${formatCount(files.length)} completed in ${formatMs(performance.now() - startedMs)}`,
  );
  console.log(`host-1 was killed in the middle; ${formatCount(recovered)} jobs that it had went on at host-2`);
}

function startHost(id: string, url: string): ChildProcess {
  // with the flags of this process, by which it reads TypeScript
  return fork(new URL('./host.ts', import.meta.url), {
    env: { ...process.env, HOST_ID: id, QUEUE, REDIS_URL: url },
    stdio: 'ignore',
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 6379;
}

await main(resolve(process.argv[2] ?? 'src'));
