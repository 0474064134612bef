import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { taskModule } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { type InstrumentOptions, instrument } from 'thread-system/otel';
import { runProgram } from '../support/program.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { type ReceivedSpan, SpanReceiver } from '../support/span-receiver.ts';
import { fixture } from '../support/tasks.ts';
import { useTraceContext } from '../support/trace-context.ts';
import { HostProcess, newQueue, tasks, until } from './cluster-fixture.ts';

/** The types of `tests/tasks/spans.mjs`. */
interface SpanTasks {
  outer(url: string): Promise<string>;
}

const traced = taskModule<SpanTasks>(fixture('spans.mjs'));
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('test');
/** Hosts notice one that has died within a few seconds. */
const SOON = { lockMs: 2_000, stalledMs: 500, maxCrashes: 100 } as const;

useTraceContext();

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

let end: (() => void) | undefined;
const begin = (options: InstrumentOptions = {}): void => {
  exporter.reset();
  end = instrument({ tracer, ...options });
};
afterEach(() => end?.());

/** Calls `fn` in a new span, as the instrumentation of a server does. */
const inSpan = <T>(name: string, fn: () => T): T =>
  tracer.startActiveSpan(name, (span) => {
    try {
      return fn();
    } finally {
      span.end();
    }
  });

/** The spans of that name, once there are so many. */
async function spansNamed(name: string, count: number): Promise<ReadableSpan[]> {
  const found = (): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
  await until(() => found().length >= count);
  return found();
}

const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;
const traceOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().traceId;

test('one trace goes from a request through Redis into the spans of the task and of its children', async () => {
  begin({ spans: 'all' });
  const { connection } = server;
  await using receiver = await SpanReceiver.start();
  const queue = newQueue();
  await using _host = new ClusterHost({ connection, queue, tasks: traced, maxWorkers: 2, id: 'one' });
  await using pool = new ClusterPool({ connection, queue });
  const app = createServer((_request, response) => {
    void tracer.startActiveSpan('GET /', async (span) => {
      response.end(await pool.submit(traced.outer, [receiver.url]));
      span.end();
    });
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  expect(await (await fetch(`http://127.0.0.1:${(app.address() as AddressInfo).port}`)).text()).toBe('done');
  app.close();
  const NAMES = ['GET /', 'inner', `process ${queue}`, 'queue inner', 'queue outer', `send ${queue}`];
  await until(() => exporter.getFinishedSpans().length >= NAMES.length && receiver.spans.length >= 2);
  const made = exporter.getFinishedSpans();
  expect(made.map(({ name }) => name).sort()).toEqual(NAMES);
  expect(receiver.spans.map(({ name }) => name).sort()).toEqual(['in the child', 'in the task']);
  const all: readonly ReceivedSpan[] = [
    ...receiver.spans,
    ...made.map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentSpanId: span.parentSpanContext?.spanId,
    })),
  ];
  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
  const known = new Set(all.map(({ spanId }) => spanId));
  expect(all.filter(({ parentSpanId }) => !known.has(parentSpanId ?? '')).map(({ name }) => name)).toEqual(['GET /']);

  const [sent] = await spansNamed(`send ${queue}`, 1);
  const [processed] = await spansNamed(`process ${queue}`, 1);
  expect(sent).toMatchObject({ kind: SpanKind.PRODUCER, status: { code: SpanStatusCode.UNSET } });
  expect(processed).toMatchObject({ kind: SpanKind.CONSUMER, links: [{ context: { spanId: idOf(sent) } }] });
  expect(processed?.parentSpanContext?.spanId).toBe(idOf(sent));
  expect(sent?.attributes).toMatchObject({
    'messaging.system': 'thread_system',
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'send',
    'messaging.destination.name': queue,
    'messaging.message.id': processed?.attributes['messaging.message.id'],
    'thread_system.job.task': 'outer',
  });
  expect(processed?.attributes).toMatchObject({
    'messaging.system': 'thread_system',
    'messaging.operation.type': 'process',
    'messaging.destination.name': queue,
    'thread_system.job.task': 'outer',
    'thread_system.job.attempt': 1,
    'thread_system.job.state': 'COMPLETED',
  });
  expect(processed?.attributes['messaging.batch.message_count']).toBeUndefined();
});

describe('a job of a cluster', () => {
  test('of a batch is in the trace of its own submission', async () => {
    begin();
    const { connection } = server;
    const queue = newQueue();
    await using pool = new ClusterPool({ connection, queue, batch: { max: 16 } });
    const jobs = Array.from({ length: 520 }, (_, i) =>
      i % 13 === 0 ? pool.submit(tasks.context) : inSpan(`request ${i}`, () => pool.submit(tasks.context)),
    );
    const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.NONE,
    });
    const silent = context.with(unsampled, () => pool.submit(tasks.context));
    await Promise.all(jobs.map(({ added }) => added));
    await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 2 });
    const seen = (await Promise.all(jobs)) as { readonly traceparent?: string }[];
    expect(await silent).toEqual({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' });
    const sent = await spansNamed(`send ${queue}`, 520);
    const processed = await spansNamed(`process ${queue}`, 520);
    expect([sent.length, processed.length]).toEqual([520, 520]);
    const requests = new Map(
      exporter.getFinishedSpans().flatMap((span) => (span.name.startsWith('request') ? [[span.name, span]] : [])) as [
        string,
        ReadableSpan,
      ][],
    );
    const byId = (list: readonly ReadableSpan[]) =>
      new Map(list.map((span) => [span.attributes['thread_system.job.id'], span]));
    const [sentById, processedById] = [byId(sent), byId(processed)];
    for (const [i, { id }] of jobs.entries()) {
      const request = requests.get(`request ${i}`);
      const send = sentById.get(id);
      expect(send?.parentSpanContext?.spanId).toBe(idOf(request));
      expect(processedById.get(id)?.parentSpanContext?.spanId).toBe(idOf(send));
      expect(traceOf(processedById.get(id))).toBe(traceOf(send));
      expect(seen[i]?.traceparent).toContain(idOf(send));
    }
    expect(new Set(processed.map(({ attributes }) => attributes['messaging.batch.message_count']))).toContain(16);
  });

  test('with a link begins a trace of its own at its host', async () => {
    begin({ link: 'link' });
    const { connection } = server;
    const queue = newQueue();
    await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
    await using pool = new ClusterPool({ connection, queue });
    await inSpan('request', () => pool.submit(tasks.noop));
    const [sent] = await spansNamed(`send ${queue}`, 1);
    const [processed] = await spansNamed(`process ${queue}`, 1);
    expect(processed?.parentSpanContext).toBeUndefined();
    expect(processed?.links).toMatchObject([{ context: { spanId: idOf(sent), traceId: traceOf(sent) } }]);
    expect(traceOf(processed)).not.toBe(traceOf(sent));
  });

  test('that is retried, and recovered from a host that has died, has a span of each attempt that a host has ended', async () => {
    begin();
    const { connection } = server;
    const queue = newQueue();
    await using pool = new ClusterPool({ connection, queue });
    const first = await HostProcess.start(server, { queue, ...SOON });
    const recovered = inSpan('request', () => pool.submit(tasks.work, [1_000]));
    await until(() => recovered.state === 'RUNNING');
    await first.kill();
    await using _host = new ClusterHost({ connection, queue, tasks, ...SOON, maxWorkers: 1 });
    const retried = inSpan('request', () =>
      pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2 }, name: 'of one call' }),
    );
    await Promise.all([recovered, retried]);
    const spans = await spansNamed(`process ${queue}`, 3);
    const of = (task: string) => spans.filter(({ attributes }) => attributes['thread_system.job.task'] === task);
    expect(of('work')).toMatchObject([
      { attributes: { 'thread_system.job.attempt': 2 }, events: [{ name: 'recovered' }] },
    ]);
    expect(of('failUntil')).toMatchObject([
      { attributes: { 'thread_system.job.attempt': 1 }, status: { code: SpanStatusCode.ERROR, message: 'attempt 1' } },
      { attributes: { 'thread_system.job.attempt': 2 }, status: { code: SpanStatusCode.UNSET } },
    ]);
  });

  test('that Redis does not take has that in its span', async () => {
    begin();
    const connection = { host: '127.0.0.1', port: await freePort(), retryStrategy: () => 1_000 };
    const pool = new ClusterPool({ connection, queue: 'none', connectTimeoutMs: 1_000 });
    const failed = inSpan('request', () => pool.submit(tasks.noop));
    const cancelled = inSpan('request', () => pool.submit(tasks.noop));
    await cancelled.cancel();
    await expect(failed).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
    const spans = await spansNamed('send none', 2);
    expect(spans.map(({ status }) => status.code).sort()).toEqual([SpanStatusCode.UNSET, SpanStatusCode.ERROR]);
    expect(spans.find(({ status }) => status.code === SpanStatusCode.ERROR)?.attributes).toMatchObject({
      'error.type': 'ERR_CLUSTER_UNAVAILABLE',
    });
    await pool.shutdown({ mode: 'abort' });
  });

  test('that fails is still reported if nobody has looked at it', async () => {
    const { stderr } = await runProgram(`
      import { ClusterPool, remoteTasks } from 'thread-system/cluster';
      import { instrument } from 'thread-system/otel';

      let end;
      const ended = new Promise((resolve) => { end = resolve; });
      const span = { setAttributes: () => span, setAttribute: () => span, setStatus: () => span, end, spanContext: () => ({}) };
      instrument({ tracer: { startSpan: () => span } });
      const connection = { host: '127.0.0.1', port: ${await freePort()}, retryStrategy: () => 1_000 };
      const pool = new ClusterPool({ connection, queue: 'none', connectTimeoutMs: 50 });
      pool.submit(remoteTasks().lonely);
      await ended;
      await pool.shutdown();
    `);
    expect(stderr).toContain('UnobservedJobFailure');
  });

  test('of a task that is not asked for has no span, and is in the trace all the same', async () => {
    begin({ tasks: ['noop'] });
    const { connection } = server;
    const queue = newQueue();
    await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
    await using pool = new ClusterPool({ connection, queue });
    const seen = (await inSpan('request', () => pool.submit(tasks.context, [], { name: 'noop' }))) as {
      readonly traceparent: string;
    };
    const [request, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    expect(seen.traceparent).toContain(idOf(request));
  });
});
