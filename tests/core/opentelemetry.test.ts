import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from '@jest/globals';
import { context, propagation, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { ThreadPool, taskModule } from 'thread-system';
import { fixture } from '../support/tasks.ts';
import { useTraceContext } from '../support/trace-context.ts';

/** The types of `tests/tasks/opentelemetry.mjs`. */
interface TracedTasks {
  submittedIn(): SpanContext | undefined;
  childSubmittedIn(): Promise<SpanContext | undefined>;
}

const traced = taskModule<TracedTasks>(fixture('opentelemetry.mjs'));

const span: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};
const other: SpanContext = { ...span, traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

useTraceContext();

/** As the instrumentation of a server does it: `fn` runs in the span. */
const inSpan = <T>(spanContext: SpanContext, fn: () => T): T =>
  context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), fn);

const peerOfNow = (): Record<string, string> => {
  const peer = {};
  propagation.inject(context.active(), peer);
  return peer;
};

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  test('a span that was injected where the job was submitted is extracted in the task', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const peers = new AsyncLocalStorage<Record<string, string>>();
    const options = { context: { trace: peers } };
    const jobs = [span, other].map((each) =>
      inSpan(each, () => peers.run(peerOfNow(), () => pool.submit(traced.submittedIn, [], options))),
    );
    expect(await Promise.all(jobs)).toEqual([
      { ...span, isRemote: true },
      { ...other, isRemote: true },
    ]);
    expect(await pool.submit(traced.submittedIn, [], options)).toBeUndefined();
  });

  test('a store that injects by itself needs no AsyncLocalStorage, and reaches children', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const options = { context: { trace: { getStore: peerOfNow } } };
    const [first, second] = [span, other].map((each) =>
      inSpan(each, () => pool.submit(traced.childSubmittedIn, [], options)),
    );
    expect((await first)?.traceId).toBe(span.traceId);
    expect((await second)?.traceId).toBe(other.traceId);
  });
});
