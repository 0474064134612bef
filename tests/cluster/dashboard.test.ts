import { expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { ClusterPool } from 'thread-system/cluster';
import { dashboard } from 'thread-system/dashboard';
import { poolIn, Served, snapshotWhere } from '../dashboard/served.ts';
import { RedisServer } from '../support/redis-server.ts';
import { HostProcess, tasks } from './cluster-fixture.ts';

const HEADERS = { authorization: 'Bearer s3cret' };

test('a dashboard shows a cluster beside a pool: its queue, its hosts, its tasks', async () => {
  await using redis = await RedisServer.start();
  await using _host = await HostProcess.start(redis, { queue: 'shown' });
  await using cluster = new ClusterPool({ connection: redis.connection, queue: 'shown' });
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const options = { token: 's3cret', actions: ['pause', 'cancel'], everyMs: 50 } as const;
  await using served = await Served.at(dashboard({ main: pool, render: cluster }, options));
  const post = (query: string): Promise<Response> =>
    fetch(`${served.url}/${query}`, { method: 'POST', headers: HEADERS });

  await cluster.submit(tasks.plus, [1, 2]);
  const shown = await snapshotWhere(
    `${served.url}/stream`,
    (snapshot) => poolIn(snapshot, 'render').completed === 1 && poolIn(snapshot, 'render').hosts?.length === 1,
    HEADERS,
  );
  expect(poolIn(shown, 'render').hosts).toMatchObject([{ workers: 2 }]);
  expect(poolIn(shown, 'render')).toMatchObject({ state: 'open', submitted: 1, failed: 0, queued: 0 });
  expect(poolIn(shown, 'main').hosts).toBeUndefined();

  expect((await post('pause?pool=render')).status).toBe(204);
  const job = cluster.submit(tasks.plus, [1, 2]);
  await snapshotWhere(`${served.url}/stream`, (snapshot) => poolIn(snapshot, 'render').queued === 1, HEADERS);
  expect((await post('cancel?pool=render&id=1')).status).toBe(404);
  expect((await post('profile?pool=render')).status).toBe(404);
  expect((await post('resume?pool=render')).status).toBe(204);
  expect(await job).toBe(3);
});

test('a dashboard shows the failures of the jobs of a cluster', async () => {
  await using redis = await RedisServer.start();
  await using _host = await HostProcess.start(redis, { queue: 'shown', id: 'first' });
  await using cluster = new ClusterPool({ connection: redis.connection, queue: 'shown' });
  await using served = await Served.at(dashboard({ render: cluster }, { everyMs: 50 }));
  const stream = `${served.url}/stream`;
  const retry = { maxAttempts: 2, delayMs: 1 };
  const jobs = [1, 2].map(() => cluster.submit(tasks.boom, ['broken'], { name: 'frame', retry }));
  const refused = cluster.submit(tasks.echo, [() => {}]);
  await Promise.allSettled([...jobs, refused]);
  const shown = await snapshotWhere(stream, (snapshot) => poolIn(snapshot, 'render').failures?.length === 2);
  const ids = jobs.map(({ id }) => id);
  const { failures = [] } = poolIn(shown, 'render');
  expect(failures.find(({ task }) => task === 'boom')).toMatchObject({
    ...{ code: 'E_BOOM', message: 'broken', count: 2, jobName: 'frame', hostId: 'first', attempts: 2, canRetry: false },
    jobId: expect.stringMatching(new RegExp(`^(${ids.join('|')})$`)),
    stack: expect.stringContaining('tasks.mjs'),
    earlier: [{ attempt: 1, code: 'E_BOOM', message: 'broken' }],
  });
  const { hostId, jobId, code } = failures.find(({ task }) => task === 'echo') ?? {};
  expect([hostId, jobId, code]).toEqual([undefined, refused.id, 'ERR_NOT_CLONEABLE']);
});
