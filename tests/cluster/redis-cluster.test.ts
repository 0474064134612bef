import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { JobGraph } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisCluster } from '../support/redis-cluster.ts';
import { HostProcess, NoteFile, newQueue, states, tasks, until } from './cluster-fixture.ts';

let nodes: RedisCluster;
let connection: Cluster;
beforeAll(async () => {
  nodes = await RedisCluster.start();
  connection = nodes.connect();
});
afterAll(async () => {
  connection.disconnect();
  await nodes[Symbol.asyncDispose]();
});

/** The names of a queue whose keys are all on one node: another one for each queue. */
function ownQueue() {
  const queue = newQueue();
  return { queue, prefix: `{${queue}}` };
}

test('jobs, batches, large values, maps, graphs, schedules and metrics work over three nodes', async () => {
  for (const { queue, prefix } of [ownQueue(), ownQueue(), { queue: newQueue(), prefix: '{bull}' }]) {
    await using host = new ClusterHost({ connection, queue, prefix, tasks, maxWorkers: 2 });
    await host.ready;
    await using pool = new ClusterPool({ connection, queue, prefix });
    const jobs = pool.submitMany(
      tasks.twice,
      Array.from({ length: 300 }, (_, index) => [index] as const),
    );
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, index) => 2 * index));
    expect(await pool.submit(tasks.echo, ['x'.repeat(100_000)])).toHaveLength(100_000);
    expect(await pool.map(tasks.twice, [1, 2, 3])).toEqual([2, 4, 6]);
    const graph = new JobGraph();
    graph.add('eight', tasks.twice, [graph.add('four', tasks.twice, [2]).output]);
    expect((await graph.run(pool)).get('eight')).toBe(8);
    const schedule = await pool.schedule(tasks.noop, [], { id: 'tick', everyMs: 50 });
    await until(async () => {
      await schedule.refresh();
      return schedule.runs > 0;
    });
    await schedule.cancel();
    const { hosts } = await pool.metrics();
    expect(hosts.map(({ id }) => id)).toEqual([host.id]);
  }
});

test('a cancel reaches what runs, and what waits never begins', async () => {
  const { queue, prefix } = ownQueue();
  using notes = new NoteFile();
  await using host = new ClusterHost({ connection, queue, prefix, tasks, maxWorkers: 1, window: 1 });
  await host.ready;
  await using pool = new ClusterPool({ connection, queue, prefix });
  for (let round = 0; round < 20; round++) {
    const loop = pool.submit(tasks.spin);
    await until(() => loop.state === 'RUNNING');
    const waiting = pool.submitMany(tasks.note, [
      [round, notes.path],
      [round, notes.path],
    ]);
    expect(await Promise.all(waiting.map((job) => job.cancel()))).toEqual([true, true]);
    expect(await loop.cancel()).toBe(true);
    await Promise.allSettled([loop, ...waiting]);
    expect(states([loop, ...waiting])).toEqual({ CANCELLED: 3 });
  }
  expect(notes.lines).toEqual([]);
});

test('hosts that are killed lose no job', async () => {
  const { queue, prefix } = ownQueue();
  const options = { queue, prefix, lockMs: 1_500, stalledMs: 500, maxCrashes: 20 };
  await using first = await HostProcess.start(nodes, options);
  await using second = await HostProcess.start(nodes, options);
  await using _survivor = await HostProcess.start(nodes, options);
  await using pool = new ClusterPool({ connection, queue, prefix, batch: { max: 8 }, sweepMs: 1_000 });
  const jobs = pool.submitMany(
    tasks.work,
    Array.from({ length: 400 }, () => [5] as const),
  );
  for (const [index, host] of [first, second].entries()) {
    await until(() => (states(jobs)['COMPLETED'] ?? 0) >= 50 * (index + 1));
    await host.kill();
  }
  await Promise.all(jobs);
  expect(states(jobs)).toEqual({ COMPLETED: 400 });
});

test('a prefix without braces is refused, as the keys of a queue would be on several nodes', () => {
  const options = { connection, queue: newQueue() };
  const rule = "prefix must have a part in braces, such as '{bull}', on a Redis Cluster";
  expect(() => new ClusterPool(options)).toThrow(`Cannot create cluster pool: ${rule}, received 'bull'`);
  expect(() => new ClusterHost({ ...options, prefix: '{}x', tasks })).toThrow(rule);
});

test('a connection to one node alone is reported', async () => {
  const { queue, prefix } = ownQueue();
  const [address] = nodes.nodes;
  const said: string[] = [];
  const log = (text: string) => said.push(text);
  const logger = { debug: log, info: log, warn: log, error: log };
  await using pool = new ClusterPool({ connection: address ?? {}, queue, prefix, logger });
  await until(() => said.some((text) => text.includes('is a node of a Redis Cluster')));
  expect(pool.state).toBe('open');
});
