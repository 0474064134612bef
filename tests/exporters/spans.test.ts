import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { context, ROOT_CONTEXT, type SpanContext, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { ThreadPool, taskModule } from 'thread-system';
import { type InstrumentOptions, instrument, ThreadSystemInstrumentation } from 'thread-system/otel';
import { occupy, until } from '../support/gate.ts';
import { SpanReceiver } from '../support/span-receiver.ts';
import { fixture, tasks } from '../support/tasks.ts';
import { useTraceContext } from '../support/trace-context.ts';

/** The types of `tests/tasks/spans.mjs`. */
interface SpanTasks {
  carried(): Record<string, string>;
  contextOfTask(): SpanContext | undefined;
  contextOfChild(): Promise<SpanContext | undefined>;
  outer(url: string): Promise<string>;
}

const traced = taskModule<SpanTasks>(fixture('spans.mjs'));
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('test');

let end: (() => void) | undefined;
const begin = (options: InstrumentOptions = {}): void => {
  end = instrument({ tracer, ...options });
};

useTraceContext();
beforeEach(() => exporter.reset());
afterEach(() => end?.());

/** Calls `fn` in a new span, as the instrumentation of a server does. */
function inSpan<T>(
  fn: () => T,
  flags: TraceFlags = TraceFlags.SAMPLED,
): { readonly span: SpanContext; readonly result: T } {
  const span: SpanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: flags,
  };
  return { span, result: context.with(trace.setSpanContext(ROOT_CONTEXT, span), fn) };
}

/** The spans that were made, once there are so many. */
async function spans(count: number): Promise<ReadableSpan[]> {
  await until(() => exporter.getFinishedSpans().length >= count);
  return exporter.getFinishedSpans();
}

const msOf = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;

describe.each(['thread', 'process', 'inline'] as const)('a job of a pool of kind %s', (kind) => {
  test('gets a span, the child of that in which it was submitted, with the times of its code', async () => {
    begin();
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const { span, result: job } = inSpan(() => pool.submit(tasks.add, [1, 2], { name: 'of one call' }));
    await job;
    const [made, ...others] = await spans(1);
    expect(others).toEqual([]);
    expect(made).toMatchObject({
      name: 'add',
      parentSpanContext: { spanId: span.spanId },
      status: { code: SpanStatusCode.UNSET },
    });
    expect(made?.spanContext().traceId).toBe(span.traceId);
    expect(made?.attributes).toMatchObject({
      'thread_system.job.id': job.id,
      'thread_system.job.task': 'add',
      'thread_system.job.priority': 2,
      'thread_system.job.attempt': 1,
      'thread_system.job.state': 'COMPLETED',
    });
    if (kind === 'thread') expect(made?.attributes['thread.id']).toBe(pool.metrics().workers[0]?.threadId);
    expect(msOf(made?.startTime ?? [0, 0])).toBeCloseTo(job.startedAt ?? Number.NaN, 1);
    expect(msOf(made?.duration ?? [0, 0])).toBeCloseTo(job.executionMs, 1);
  });

  test('runs in the context of its submission, and so do its children', async () => {
    begin({ spans: 'none' });
    await using pool = new ThreadPool({ kind, maxWorkers: 2 });
    const { span, result: job } = inSpan(() => pool.submit(traced.contextOfTask));
    expect(await job).toEqual({ ...span, isRemote: true });
    expect(await inSpan(() => pool.submit(traced.contextOfChild)).result).toEqual({ ...span, isRemote: true });
    expect(await pool.submit(traced.contextOfTask)).toBeUndefined();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  test('gets no span if its trace is not sampled, and its code sees that', async () => {
    const startSpan = jest.fn<typeof tracer.startSpan>();
    begin({ tracer: { startSpan, startActiveSpan: jest.fn() as never } });
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const { span, result: job } = inSpan(() => pool.submit(traced.contextOfTask), TraceFlags.NONE);
    expect(await job).toEqual({ ...span, isRemote: true });
    await pool.shutdown();
    expect(startSpan).not.toHaveBeenCalled();
  });
});

describe('the span of a job', () => {
  test('that fails has its error', async () => {
    begin();
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await inSpan(() => pool.submit(tasks.fail, ['no'])).result.catch(() => {});
    await inSpan(() => pool.submit(tasks.spin, [], { timeoutMs: 1 })).result.catch(() => {});
    const [failed, late] = await spans(2);
    expect(failed).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'no' } });
    expect(failed?.attributes).toMatchObject({ 'error.type': 'RangeError', 'thread_system.job.state': 'FAILED' });
    expect(failed?.events).toMatchObject([
      { name: 'exception', attributes: { 'exception.type': 'RangeError', 'exception.message': 'no' } },
    ]);
    expect(late?.attributes).toMatchObject({ 'error.type': 'ERR_JOB_TIMEOUT' });
  });

  test('that is cancelled is no error, and says why', async () => {
    begin();
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const running = inSpan(() => pool.submit(tasks.spin)).result;
    await until(() => running.state === 'RUNNING');
    running.cancel('not needed');
    await running.catch(() => {});
    const [cancelled] = await spans(1);
    expect(cancelled).toMatchObject({ status: { code: SpanStatusCode.UNSET }, events: [{ name: 'cancel' }] });
    expect(cancelled?.attributes).toMatchObject({
      'thread_system.cancel.reason': 'not needed',
      'thread_system.job.state': 'CANCELLED',
    });
  });

  test('tells of each attempt that was retried', async () => {
    begin();
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await inSpan(() => pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: 0 } })).result;
    const [made] = await spans(1);
    expect(made?.attributes).toMatchObject({ 'thread_system.job.attempt': 3, 'thread_system.job.state': 'COMPLETED' });
    expect(made?.events.map(({ name }) => name)).toEqual(['retry', 'retry']);
  });

  test('that is not in a span begins a trace', async () => {
    begin();
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.add, [1, 2]);
    const [made] = await spans(1);
    expect(made?.parentSpanContext).toBeUndefined();
  });
});

describe('options of instrument', () => {
  test("spans: 'all' adds a span of the waiting", async () => {
    begin({ spans: 'all' });
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const gate = await occupy(pool);
    const job = inSpan(() => pool.submit(tasks.add, [1, 2])).result;
    const never = inSpan(() => pool.submit(tasks.echo, [1])).result;
    never.cancel();
    gate.open();
    await job;
    const made = await spans(6);
    const named = (name: string): ReadableSpan | undefined => made.find((span) => span.name === name);
    const [queue, run] = [named('queue add'), named('add')];
    expect(queue?.parentSpanContext?.spanId).toBe(run?.parentSpanContext?.spanId);
    expect(msOf(queue?.duration ?? [0, 0])).toBeGreaterThan(job.queuedMs - 1);
    expect(msOf(queue?.endTime ?? [0, 0])).toBeCloseTo(msOf(run?.startTime ?? [0, 0]), 1);
    expect(named('queue echo')?.attributes).toMatchObject({ 'thread_system.job.task': 'echo' });
    expect(named('echo')?.attributes).toMatchObject({ 'thread_system.job.attempt': 0 });
  });

  test("link: 'link' begins a trace for each job", async () => {
    begin({ link: 'link' });
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { span, result } = inSpan(() => pool.submit(tasks.add, [1, 2]));
    await result;
    const [made] = await spans(1);
    expect(made?.spanContext().traceId).not.toBe(span.traceId);
    expect(made?.links).toMatchObject([{ context: span }]);
  });

  test('tasks names those that get spans', async () => {
    begin({ tasks: ['add'] });
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await inSpan(() => pool.submit(tasks.echo, [1])).result;
    await inSpan(() => pool.submit(tasks.add, [1, 2])).result;
    expect((await spans(1)).map(({ name }) => name)).toEqual(['add']);
  });

  test.each<[unknown, string]>([
    [{ tracer: {} }, 'tracer must be a Tracer of OpenTelemetry'],
    [{ spans: 'some' }, "spans must be one of job, all, none, received 'some'"],
    [{ link: true }, 'link must be one of child, link, received true'],
    [{ tasks: 'add' }, "tasks must be an array of strings, received 'add'"],
    [{ trace: 1 }, "there is no option 'trace'"],
    ['all', "options must be an object, received 'all'"],
  ])('are refused by name: %p', (options, message) => {
    expect(() => instrument(options as never)).toThrow(message);
    expect(() => instrument(options as never)).toThrow(/^Cannot instrument: /);
  });

  test('a process has one instrumentation: another call replaces it, and each ends its own', async () => {
    begin();
    const first = end;
    begin({ spans: 'all' });
    first?.();
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.add, [1, 2]);
    expect(await spans(2)).toHaveLength(2);
    end?.();
    await pool.submit(tasks.add, [1, 2]);
    await pool.shutdown();
    expect(exporter.getFinishedSpans()).toHaveLength(2);
  });
});

test('ThreadSystemInstrumentation is registered, takes a provider, and can be switched off and on', async () => {
  const instrumentation = new ThreadSystemInstrumentation({ spans: 'job' });
  const unregister = registerInstrumentations({ instrumentations: [instrumentation], tracerProvider: provider });
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(tasks.add, [1, 2]);
  const [made] = await spans(1);
  expect(made?.instrumentationScope.name).toBe('thread-system');
  unregister();
  expect(instrumentation.getConfig()).toEqual({ spans: 'job', enabled: false });
  await pool.submit(tasks.add, [1, 2]);
  instrumentation.enable();
  await pool.submit(tasks.echo, [1]);
  expect((await spans(2)).map(({ name }) => name)).toEqual(['add', 'echo']);
  instrumentation.disable();
});

test('one trace goes from a request through the queue into the spans of the task and of its children', async () => {
  await using receiver = await SpanReceiver.start();
  const { spans: received, url } = receiver;
  const otlp = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url }))] });
  begin({ tracer: otlp.getTracer('thread-system'), spans: 'all' });
  await using pool = new ThreadPool({ maxWorkers: 2 });
  const app = createServer((_request, response) => {
    void otlp.getTracer('http').startActiveSpan('GET /', async (span) => {
      response.end(await pool.submit(traced.outer, [url]));
      span.end();
    });
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(app.address() as AddressInfo).port}`);
  expect(await answer.text()).toBe('done');
  const NAMES = ['GET /', 'in the child', 'in the task', 'inner', 'outer', 'queue inner', 'queue outer'];
  await until(() => received.length >= NAMES.length);
  await otlp.shutdown();
  app.close();
  expect(received.map(({ name }) => name).sort()).toEqual(NAMES);
  expect(new Set(received.map(({ traceId }) => traceId)).size).toBe(1);
  const root = received.find(({ name }) => name === 'GET /');
  const known = new Set(received.map(({ spanId }) => spanId));
  expect(received.filter((span) => span !== root && !known.has(span.parentSpanId ?? ''))).toEqual([]);
});
