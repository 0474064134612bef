import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { context, propagation, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { Queue, Worker } from 'bullmq';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { useTraceContext } from '../support/trace-context.ts';
import { newQueue, tasks, until } from './cluster-fixture.ts';

const span: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};

useTraceContext();

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const headersOfNow = (): Record<string, string> => {
  const headers = {};
  propagation.inject(context.active(), headers);
  return headers;
};
const inSpan = <T>(fn: () => T): T => context.with(trace.setSpanContext(ROOT_CONTEXT, span), fn);
const spanIn = (carrier: object): SpanContext | undefined =>
  trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));

test('the trace of a plain BullMQ producer is the context of the code', async () => {
  const { connection } = server;
  const name = newQueue();
  await using _host = new ClusterHost({ connection, queue: name, tasks, maxWorkers: 1 });
  const queue = new Queue(name, { connection });
  await using pool = new ClusterPool({ connection, queue: name });
  const seen: unknown[] = [];
  for (const metadata of [
    inSpan(() => JSON.stringify(headersOfNow())),
    'no JSON',
    '[]',
    '{"a":1}',
    'null',
    undefined,
  ]) {
    const { id = '' } = await queue.add(
      'context',
      {},
      { jobId: `plain${seen.length}`, telemetry: { metadata } as object },
    );
    await (await pool.job(id))?.finally();
    seen.push((await queue.getJob(id))?.returnvalue);
  }
  await queue.close();
  expect(spanIn(seen[0] as object)).toEqual({ ...span, isRemote: true });
  expect(seen.slice(1)).toEqual([{}, {}, {}, {}, {}]);
});

test.each([
  ['values of the context', () => ({ traceparent: { getStore: () => headersOfNow()['traceparent'] } })],
  ['in an object of the context', () => ({ other: { getStore: () => 1 }, trace: { getStore: headersOfNow } })],
])('a plain BullMQ consumer is in the trace of the submission, whose headers are %s', async (_where, stores) => {
  const { connection } = server;
  const queue = newQueue();
  await using pool = new ClusterPool({ connection, queue });
  const jobs = [
    inSpan(() => pool.submit(tasks.noop, [], { context: stores() })),
    pool.submit(tasks.noop, [], { context: stores() }),
  ];
  const metadata: (string | undefined)[] = [];
  const worker = new Worker(
    queue,
    async (job) => {
      metadata[jobs.findIndex(({ id }) => id === job.id)] = job.opts.telemetry?.metadata;
    },
    { connection },
  );
  await Promise.all(jobs.map(({ added }) => added));
  await until(() => Object.keys(metadata).length === 2);
  await worker.close();
  await pool.shutdown({ mode: 'detach' });
  await Promise.allSettled(jobs);
  expect(spanIn(JSON.parse(metadata[0] ?? '{}'))).toEqual({ ...span, isRemote: true });
  expect(metadata[1]).toBeUndefined();
});

test('each part of a map is submitted in the context in which the map was made', async () => {
  const { connection } = server;
  const queue = newQueue();
  await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
  await using pool = new ClusterPool({ connection, queue });
  const seen: unknown[] = [];
  const listener = (message: unknown): void => {
    // the host, in this process, publishes what it submits to its own pool, too
    if ((message as { readonly pool: object }).pool === pool) seen.push(trace.getSpanContext(context.active()));
  };
  subscribe('thread-system:job.submitted', listener);
  const items = Array.from({ length: 12 }, (_, i) => i);
  const results = await inSpan(() => pool.map(tasks.twice, items, { chunk: 1, concurrency: 2 }));
  unsubscribe('thread-system:job.submitted', listener);
  expect(results).toEqual(items.map((item) => 2 * item));
  expect(seen).toEqual(items.map(() => span));
});

test('the context that a job brings is what its code sees, on the host as on a local pool', async () => {
  const { connection } = server;
  const queue = newQueue();
  await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
  await using pool = new ClusterPool({ connection, queue });
  const headers = inSpan(headersOfNow);
  const seen = inSpan(() => pool.submit(tasks.context, [], { context: { trace: { getStore: headersOfNow } } }));
  expect(await seen).toEqual({ trace: headers });
});
