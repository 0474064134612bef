// Tasks that make spans of their own, with an SDK in their thread, and export them to where the environment says.
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { currentJob } from 'thread-system/worker';

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** The trace that the job's code runs in. */
const parent = () => propagation.extract(ROOT_CONTEXT, currentJob().context);

export const carried = () => currentJob().context;

export const contextOfTask = () => trace.getSpanContext(parent());

/** Makes a span in its thread, and exports it to `url`. */
async function traced(url, name, fn) {
  const processor = new SimpleSpanProcessor(new OTLPTraceExporter({ url }));
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const span = provider.getTracer('task').startSpan(name, {}, parent());
  const result = await fn();
  span.end();
  await provider.shutdown();
  return result;
}

export const inner = (url) => traced(url, 'in the child', () => 'done');

export async function outer(url) {
  const job = currentJob();
  return traced(url, 'in the task', () => job.submit(inner, [url]));
}

export const contextOfChild = () => currentJob().submit(contextOfTask);
