// The tasks of opentelemetry.ts, loaded in the workers.
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { currentJob } from 'thread-system/worker';

// once per thread; an SDK set up in the thread does this
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** Continues the trace in which its job was submitted. */
export function resize(file: string): string {
  const { trace: carrier } = currentJob<{ trace: object }>().context;
  const context = propagation.extract(ROOT_CONTEXT, carrier ?? {});
  // with an SDK: tracer.startSpan('resize', {}, context)
  const span = trace.getSpanContext(context);
  return span === undefined ? `${file}: no trace` : `${file}: trace ${span.traceId}, in span ${span.spanId}`;
}

/** A job that is submitted by a job is in the same trace. */
export async function resizeBoth(files: readonly [string, string]): Promise<string[]> {
  const job = currentJob();
  return Promise.all(files.map((file) => job.submit(resize, [file])));
}
