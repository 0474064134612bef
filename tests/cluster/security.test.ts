import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { JobGraph } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
let admin: Redis;
beforeAll(async () => {
  server = await RedisServer.start();
  admin = new Redis(server.connection);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});

/** The rules of docs/security.md: what hosts and submitters have in common. */
const COMMON = [
  ...['-@all', '+@read', '+@write', '+@blocking', '+@connection', '+@transaction', '+eval', '+evalsha', '+script|load'],
  ...['+time', '-@dangerous', '+info'],
];

describe('users with the least rights', () => {
  test('of a queue run all that hosts and submitters do, and nothing else', async () => {
    const queue = newQueue();
    const ofQueue = [`~bull:${queue}:*`, `~ts:{${queue}}:*`, 'resetchannels', `&ts:{${queue}}:cx`];
    await admin.acl('SETUSER', 'host', 'on', '>host-password', ...ofQueue, ...COMMON, '+subscribe');
    await admin.acl('SETUSER', 'submitter', 'on', '>submitter-password', ...ofQueue, ...COMMON, '+publish');
    const as = (username: string) => ({ ...server.connection, username, password: `${username}-password` });
    await using host = new ClusterHost({ connection: as('host'), queue, tasks, maxWorkers: 1 });
    await host.ready;
    await using pool = new ClusterPool({ connection: as('submitter'), queue });
    await Promise.all(pool.submitMany(tasks.twice, [[1], [2], [3]]));
    const loop = pool.submit(tasks.spin, [], { key: 'one', priority: 4, retry: { maxAttempts: 2 } });
    await until(() => loop.state === 'RUNNING');
    expect(await loop.cancel()).toBe(true);
    await pool.pause();
    const waiting = pool.submit(tasks.echo, ['x'.repeat(100_000)], { front: true });
    await waiting.added;
    expect(await waiting.setPriority(1)).toBe(true);
    expect((await pool.metrics()).hosts).toHaveLength(1);
    expect(await pool.job(waiting.id)).toBe(waiting);
    await pool.resume();
    expect(await waiting).toHaveLength(100_000);
    const schedule = await pool.schedule(tasks.noop, [], { id: 'tick', everyMs: 50 });
    await until(async () => {
      await schedule.refresh();
      return schedule.runs > 0;
    });
    await schedule.cancel();
    expect(await pool.map(tasks.twice, [1, 2, 3])).toEqual([2, 4, 6]);
    const graph = new JobGraph();
    graph.add('eight', tasks.twice, [graph.add('four', tasks.twice, [2]).output]);
    expect((await graph.run(pool)).get('eight')).toBe(8);
    for (const username of ['host', 'submitter']) {
      const redis = new Redis(as(username));
      await expect(redis.get('of another')).rejects.toThrow('NOPERM');
      await expect(redis.flushall()).rejects.toThrow('NOPERM');
      await expect(redis.keys('*')).rejects.toThrow('NOPERM');
      await expect(redis.eval("return redis.call('GET', 'of another')", 0)).rejects.toThrow(/NOPERM|can't access/);
      redis.disconnect();
    }
  });

  test('over TLS run jobs, if they know the certificate of the server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    try {
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
      const files = ['-keyout', key, '-out', cert];
      const made = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ];
      execFileSync('openssl', [...made, ...files, ...subject], { stdio: 'pipe' });
      await using secured = await RedisServer.startTls({ cert, key });
      const tls = { ca: readFileSync(cert) };
      const root = new Redis({ ...secured.connection, tls });
      const queue = newQueue();
      const ofQueue = [`~bull:${queue}:*`, `~ts:{${queue}}:*`, 'resetchannels', `&ts:{${queue}}:cx`];
      await root.acl('SETUSER', 'host', 'on', '>host-password', ...ofQueue, ...COMMON, '+subscribe');
      await root.acl('SETUSER', 'submitter', 'on', '>submitter-password', ...ofQueue, ...COMMON, '+publish');
      root.disconnect();
      const as = (username: string) => ({ ...secured.connection, tls, username, password: `${username}-password` });
      await using host = new ClusterHost({ connection: as('host'), queue, tasks, maxWorkers: 1 });
      await host.ready;
      await using pool = new ClusterPool({ connection: as('submitter'), queue });
      expect(await pool.map(tasks.twice, [1, 2, 3])).toEqual([2, 4, 6]);
      const loop = pool.submit(tasks.spin);
      await until(() => loop.state === 'RUNNING');
      expect(await loop.cancel()).toBe(true);

      const unknown = { ...as('submitter'), tls: {} };
      await using stranger = new ClusterPool({ connection: unknown, queue, connectTimeoutMs: 5_000 });
      const refused = await stranger.submit(tasks.noop).catch((thrown: unknown) => thrown);
      expect(refused).toMatchObject({
        code: 'ERR_CLUSTER_UNAVAILABLE',
        cause: { message: expect.stringMatching(/self.signed certificate/) },
      });
      // shut down at some moment of its handshake
      for (let turns = 0; turns < 40; turns++) {
        const passing = new ClusterPool({ connection: unknown, queue });
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        await passing.shutdown({ mode: 'abort' });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('with a wrong password: jobs and calls fail by the time they may take, and hosts at once; all say why', async () => {
    const connection = { ...server.connection, username: 'host', password: 'wrong' };
    const refused = {
      code: 'ERR_CLUSTER_UNAVAILABLE',
      cause: { message: expect.stringMatching(/WRONGPASS/) },
    };
    const said: string[] = [];
    const note = (line: string): void => void said.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    const host = new ClusterHost({ connection, queue: newQueue(), tasks, maxWorkers: 1, id: 'one', logger });
    await expect(host.ready).rejects.toMatchObject(refused);
    expect(said).toContainEqual(
      expect.stringMatching(/^one: The host runs no jobs: Cannot start cluster host: WRONGPASS/),
    );
    await host.drain({ timeoutMs: 0 });
    await using pool = new ClusterPool({ connection, queue: newQueue(), connectTimeoutMs: 2_000 });
    await expect(pool.submit(tasks.noop)).rejects.toMatchObject(refused);
    await expect(pool.metrics()).rejects.toMatchObject(refused);
    await expect(pool.pause()).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
  });
});

describe('what others write into Redis', () => {
  test('reaches no prototype, runs no code, and hurts no job', async () => {
    const queue = newQueue();
    const { connection } = server;
    await using host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
    await host.ready;
    await using pool = new ClusterPool({ connection, queue });
    const job = pool.submit(tasks.work, [200]);
    await until(() => job.state === 'RUNNING');
    const [stream] = await admin.keys(`ts:{${queue}}:re:*`);
    for (const text of [
      'no json',
      '[]',
      '{"__proto__":{"polluted":1}}',
      '[["completed","__proto__",{"j":1},[1,0,0,0,""]],["completed"],["unknown","x",1],[{}]]',
    ])
      await admin.xadd(stream as string, '*', 'm', text);
    await admin.xadd(stream as string, '*', 'other', 'field');
    for (const text of ['no json', 'null', '{"kind":"cancel","id":5}', '{"kind":"eval","id":"x"}'])
      await admin.publish(`ts:{${queue}}:cx`, text);
    await admin.hset(
      `ts:{${queue}}:host:evil`,
      'm',
      '{"id":"evil","workers":"many","tasks":{"__proto__":{"completed":"x"}}}',
    );
    await admin.sadd(`ts:{${queue}}:hosts`, 'evil');
    expect(await job).toBe(200);
    expect((await pool.metrics()).hosts.find(({ id }) => id === 'evil')).toMatchObject({ workers: 0 });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const made = pool.submit(tasks.echo, [JSON.parse('{"__proto__":{"polluted":1},"constructor":2}')]);
    expect(Object.keys((await made) as object)).toEqual(['__proto__', 'constructor']);
  });
});
