// Tasks that take part in a trace of OpenTelemetry.
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { currentJob } from 'thread-system/worker';

propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** The span that its job was submitted in, as the API of OpenTelemetry has it here. */
export function submittedIn() {
  const context = propagation.extract(ROOT_CONTEXT, currentJob().context.trace);
  return trace.getSpanContext(context);
}

/** The same of a child. */
export async function childSubmittedIn() {
  return currentJob().submit(submittedIn);
}
