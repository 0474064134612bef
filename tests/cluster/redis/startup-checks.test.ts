import { expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { examine } from '../../../build/cluster/redis/startup-checks.js';
import { RedisServer } from '../../support/redis-server.ts';
import { newQueue, tasks, until } from '../cluster-fixture.ts';

const NOTHING_TO_SAY = { refusal: undefined, warnings: [] };

/** A server that says of itself what is given. */
const server = (says: { readonly info?: string; readonly policy?: string; readonly aheadMs?: number } = {}) =>
  ({
    isCluster: false,
    info: async () => says.info ?? 'redis_version:7.0.15\r\naof_enabled:1\r\n',
    config: async () => ['maxmemory-policy', says.policy ?? 'noeviction'],
    time: async () => {
      const micros = (Date.now() + (says.aheadMs ?? 0)) * 1_000;
      return [String(Math.floor(micros / 1e6)), String(micros % 1e6)];
    },
  }) as unknown as Redis;

test.each([
  ['6.1.9', 'Redis 6.1 is too old: 6.2 is needed'],
  ['5.0.14', 'Redis 5.0 is too old: 6.2 is needed'],
  ['6.2.0', undefined],
  ['8.2.1', undefined],
])('a server of version %s is refused: %s', async (version, refusal) => {
  expect(await examine(server({ info: `redis_version:${version}` }))).toMatchObject({ refusal });
});

test('a clock apart by more than a second is reported, and how far it is', async () => {
  expect(await examine(server({ aheadMs: 900 }))).toMatchObject(NOTHING_TO_SAY);
  const { warnings, clockOffsetMs } = await examine(server({ aheadMs: -90_000 }));
  expect(warnings).toEqual([expect.stringMatching(/^The clock of Redis is -(8999\d|9000\d) ms ahead of this one/)]);
  expect(Math.abs(clockOffsetMs + 90_000)).toBeLessThan(500);
});

test('a server that drops keys, or writes nothing to disk, is reported to the loggers of pools and hosts, and used', async () => {
  await using redis = await RedisServer.start(['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no']);
  const said: string[] = [];
  const note = (line: string): void => void said.push(line);
  const logger = { debug: () => {}, info: () => {}, warn: note, error: note };
  const [{ connection }, queue] = [redis, newQueue()];
  await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, logger });
  await using pool = new ClusterPool({ connection, queue, logger });
  expect(await pool.submit(tasks.echo, [1])).toBe(1);
  await until(() => said.length === 4);
  expect(said.filter((line) => line.includes("maxmemory-policy is 'allkeys-lru'"))).toHaveLength(2);
  expect(said.filter((line) => line.includes('append-only file'))).toHaveLength(2);
});
