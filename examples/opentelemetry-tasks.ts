// The tasks of opentelemetry.ts, loaded in the workers.
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { currentJob } from 'thread-system/worker';

// once a thread; where an SDK is set up here, it does this
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** Goes on with the trace that its job was submitted in. */
export function resize(file: string): string {
  const { trace: carrier } = currentJob<{ trace: object }>().context;
  const context = propagation.extract(ROOT_CONTEXT, carrier ?? {});
  // a tracer of an SDK would go on with: tracer.startSpan('resize', {}, context)
  const span = trace.getSpanContext(context);
  return span === undefined ? `${file}: no trace` : `${file}: trace ${span.traceId}, in span ${span.spanId}`;
}

/** A job that is submitted by a job is in the same trace. */
export async function resizeBoth(files: readonly [string, string]): Promise<string[]> {
  const job = currentJob();
  return Promise.all(files.map((file) => job.submit(resize, [file])));
}
