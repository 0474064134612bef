// An OpenTelemetry trace that continues in the worker threads.
import { context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./opentelemetry-tasks.js')>(
  new URL('./opentelemetry-tasks.js', import.meta.url),
);

// an SDK does this
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** A store whose value is the current span, as headers: any object with getStore() is a store. */
const carrier = {
  getStore() {
    const headers: Record<string, string> = {};
    propagation.inject(context.active(), headers);
    return headers; // such as { traceparent: '00-0af7…-b7ad…-01' }
  },
};
const traced = { context: { trace: carrier } };

/** Stands in for the span that a server's instrumentation opens for each request. */
function handleRequest<T>(spanId: string, fn: () => T): T {
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId, traceFlags: TraceFlags.SAMPLED };
  return context.with(trace.setSpanContext(ROOT_CONTEXT, span), fn);
}

await using pool = new ThreadPool({ maxWorkers: 1 });
const one = handleRequest('b7ad6b7169203331', () => pool.submit(tasks.resize, ['a.png'], traced));
const both = handleRequest('00f067aa0ba902b7', () => pool.submit(tasks.resizeBoth, [['b.png', 'c.png']], traced));
console.log(await one);
console.log((await both).join('\n'));
console.log(await pool.submit(tasks.resize, ['d.png'], traced));
