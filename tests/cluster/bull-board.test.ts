import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { AppControllerRoute, BullBoardQueues, IServerAdapter } from '@bull-board/api/dist/types.js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { JobGraph } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What the board shows of a job. */
interface ShownJob {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly returnValue: unknown;
  readonly failedReason: string;
  readonly stacktrace: readonly string[];
}

/** The board of a queue, as its page uses it: without the page, and without a server. */
function makeBoard(name: string) {
  const queue = new Queue(name, { connection: server.connection });
  let routes: readonly AppControllerRoute[] = [];
  let queues: BullBoardQueues = new Map();
  const serverAdapter: IServerAdapter = {
    setQueues: (given) => {
      queues = given;
      return serverAdapter;
    },
    setApiRoutes: (given) => {
      routes = given;
      return serverAdapter;
    },
    setViewsPath: () => serverAdapter,
    setStaticPath: () => serverAdapter,
    setEntryRoute: () => serverAdapter,
    setErrorHandler: () => serverAdapter,
    setUIConfig: () => serverAdapter,
  };
  createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter });
  const call = async (route: string, params: object = {}, query: object = {}) => {
    const { handler } = routes.find((each) => each.route === route) as AppControllerRoute;
    return await handler({
      queues,
      params: { queueName: name, ...params },
      query,
      body: {},
      uiConfig: {},
      headers: {},
    });
  };
  return {
    async list(status = 'latest') {
      const { body } = await call('/api/queues', {}, { activeQueue: name, status, page: '1', jobsPerPage: '100' });
      const [shown] = (body as { readonly queues: readonly { counts: object; jobs: readonly ShownJob[] }[] }).queues;
      return shown as { readonly counts: Record<string, number>; readonly jobs: readonly ShownJob[] };
    },
    /** Presses a button. Returns the status of the reply. */
    press: async (button: 'retry' | 'clean', jobId: string) =>
      (await call(`/api/queues/:queueName/:jobId/${button}`, { jobId })).status,
    [Symbol.asyncDispose]: () => queue.close(),
  };
}

const makePool = (queue: string): ClusterPool =>
  new ClusterPool({ connection: server.connection, queue, sweepMs: 100 });

const makeHost = (queue: string): ClusterHost =>
  new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 2 });

test('bull-board shows jobs in their states, with readable arguments, results and errors', async () => {
  const queue = newQueue();
  await using board = makeBoard(queue);
  await using pool = makePool(queue);
  await using _host = makeHost(queue);
  await using _end = {
    async [Symbol.asyncDispose]() {
      await pool.shutdown({ mode: 'abort' });
    },
  };
  const done = pool.submit(tasks.plus, [1, 2]);
  const failed = pool.submit(tasks.boom, ['no']);
  const running = pool.submit(tasks.spin);
  await Promise.allSettled([done, failed]);
  await until(() => running.state === 'RUNNING');
  await pool.pause();
  const graph = new JobGraph();
  graph.add('last', tasks.twice, [graph.add('first', tasks.twice, [2]).output]);
  const run = graph.run(pool);
  const delayed = pool.submit(tasks.noop, [], { delayMs: 600_000 });
  await Promise.all([delayed.added, ...graph.nodes.map(({ job }) => (job as unknown as typeof done).added)]);

  const { counts, jobs } = await board.list();
  const expected = { active: 1, completed: 1, failed: 1, delayed: 1, prioritized: 1, 'waiting-children': 1 };
  expect(counts).toMatchObject(expected);
  const shown = ({ id }: { readonly id: string }) => jobs.find((job) => job.id === id);
  expect(shown(done)).toMatchObject({ name: 'plus', data: { a: { j: [1, 2] } }, returnValue: { j: 3 } });
  expect(shown(failed)).toMatchObject({ name: 'boom', data: { a: { j: ['no'] } }, failedReason: 'no' });
  expect(shown(failed)?.stacktrace[0]).toContain('RangeError: no');
  expect(shown(running)).toMatchObject({ name: 'spin' });

  await pool.resume();
  await run;
});

test('its buttons do what the page says: a retry is for those who look, and what is removed is lost', async () => {
  const queue = newQueue();
  await using board = makeBoard(queue);
  await using pool = makePool(queue);
  await using _host = makeHost(queue);
  const failed = pool.submit(tasks.boom, ['no']);
  await expect(failed).rejects.toThrow('no');
  let failures = 0;
  pool.on('jobFailed', () => void failures++);
  expect(await board.press('retry', failed.id)).toBe(204);
  await using other = makePool(queue);
  const again = await other.job(failed.id);
  await expect(again).rejects.toMatchObject({ message: 'no', code: 'E_BOOM' });
  expect(failures).toBe(0); // its submitter has settled it

  const running = pool.submit(tasks.spin);
  await until(() => running.state === 'RUNNING');
  expect(await board.press('clean', running.id)).toBe(409);
  expect(await running.cancel()).toBe(true);

  await pool.pause();
  const waiting = pool.submit(tasks.noop);
  await waiting.added;
  expect(await board.press('clean', waiting.id)).toBe(204);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_JOB_LOST' });
  expect((await board.list('failed')).jobs.map(({ id }) => id)).toEqual(expect.arrayContaining([failed.id]));
});
