import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { ThreadPool } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { otelMetrics, prometheus, prometheusText } from 'thread-system/metrics';
import { RedisServer } from '../support/redis-server.ts';
import { newQueue, tasks } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A pool with two jobs that have settled and one that waits. */
async function makeCluster() {
  const { connection } = server;
  const queue = newQueue();
  const host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
  await host.ready;
  const pool = new ClusterPool({ connection, queue });
  await pool.submit(tasks.twice, [1]);
  await pool.submit(tasks.boom, ['no']).catch(() => {});
  await pool.pause();
  await pool.submit(tasks.noop).added;
  return {
    queue,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.shutdown({ mode: 'abort' });
      await host.drain({ timeoutMs: 0 });
    },
  };
}

const linesOf = (text: string, ...names: string[]): string[] =>
  text.split('\n').filter((line) => names.some((name) => line.startsWith(`thread_system_${name}`)));

describe('the metrics of a cluster', () => {
  test('are those of its queue and its hosts, and of the jobs of the pool', async () => {
    await using cluster = await makeCluster();
    await using local = new ThreadPool({ maxWorkers: 3 });
    const text = await prometheusText({ local, remote: cluster.pool });
    const queue = `queue="${cluster.queue}"`;
    expect(linesOf(text, 'cluster_')).toEqual([
      `thread_system_cluster_jobs{${queue},state="pending"} 1`,
      `thread_system_cluster_jobs{${queue},state="delayed"} 0`,
      `thread_system_cluster_jobs{${queue},state="active"} 0`,
      `thread_system_cluster_jobs{${queue},state="completed"} 1`,
      `thread_system_cluster_jobs{${queue},state="failed"} 1`,
      `thread_system_cluster_jobs{${queue},state="waiting_children"} 0`,
      `thread_system_cluster_hosts{${queue}} 1`,
      `thread_system_cluster_job_recoveries_total{${queue}} 0`,
    ]);
    expect(linesOf(text, 'jobs_settled_total{pool="remote",task="boom"')).toContain(
      'thread_system_jobs_settled_total{pool="remote",task="boom",state="failed"} 1',
    );
    expect(linesOf(text, 'workers_max', 'workers{pool="remote"')).toEqual([
      'thread_system_workers_max{pool="local"} 3',
    ]);
  });

  test('are in a registry of prom-client and in those of OpenTelemetry, too', async () => {
    await using cluster = await makeCluster();
    const register = new Registry();
    prometheus(register, { pools: { remote: cluster.pool } });
    expect(linesOf(await register.metrics(), 'cluster_hosts')).toEqual([
      `thread_system_cluster_hosts{queue="${cluster.queue}"} 1`,
    ]);
    const { resourceMetrics } = await otelMetrics({ remote: cluster.pool }).collect();
    const hosts = resourceMetrics.scopeMetrics[0]?.metrics.find(
      ({ descriptor }) => descriptor.name === 'thread_system.cluster.hosts',
    );
    expect(hosts?.dataPoints).toMatchObject([{ value: 1, attributes: { 'thread_system.queue.name': cluster.queue } }]);
  });

  test('are left out while Redis is away, and without a cluster', async () => {
    await using local = new ThreadPool({ maxWorkers: 1 });
    const connection = { host: '127.0.0.1', port: 1 };
    await using away = new ClusterPool({ connection, queue: 'away', connectTimeoutMs: 50 });
    const text = await prometheusText({ local, away });
    expect(linesOf(text, 'cluster_')).toEqual([]);
    expect(linesOf(text, 'workers_max')).toEqual(['thread_system_workers_max{pool="local"} 1']);
    expect(prometheusText({ local })).not.toContain('cluster');
  });
});
