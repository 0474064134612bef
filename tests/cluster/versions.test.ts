import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A logger that keeps what it is told of versions. */
function makeLogger() {
  const told: string[] = [];
  const log = (text: string): void => void (text.includes('runs Node.js') && told.push(text));
  return { told, logger: { debug: log, info: log, warn: log, error: log } };
}

test('a host that runs another major version of Node.js is told of once: to submitters and other hosts', async () => {
  const { connection } = server;
  const queue = newQueue();
  const ofHost = makeLogger();
  await using host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, logger: ofHost.logger });
  await host.ready;
  const ofSame = makeLogger();
  await using same = new ClusterPool({ connection, queue, logger: ofSame.logger });
  expect((await same.metrics()).hosts).toHaveLength(1);

  const redis = new Redis(connection);
  for (const [id, node] of [
    ['old', 7],
    ['twin', 7],
    ['unknown', 'x'],
  ] as const) {
    await redis.hset(`ts:{${queue}}:host:${id}`, 'm', JSON.stringify({ id, node, workers: 1 }));
    await redis.sadd(`ts:{${queue}}:hosts`, id);
  }
  redis.disconnect();
  const ofPool = makeLogger();
  await using pool = new ClusterPool({ connection, queue, logger: ofPool.logger });
  expect((await pool.metrics()).hosts).toHaveLength(4);
  const ofOther = makeLogger();
  await using other = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, id: 'other', logger: ofOther.logger });
  await other.ready;
  await until(() => ofPool.told.length > 0);
  const [major] = process.versions.node.split('.');
  for (const { told } of [ofPool, ofOther]) {
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      new RegExp(`Host '(old|twin)' runs Node.js 7, and this process Node.js ${major}: one may not`),
    );
  }
  expect([...ofHost.told, ...ofSame.told]).toEqual([]);
});
