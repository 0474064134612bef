import type { ContextValues } from '../../base/context-stores.js';

// BullMQ's own telemetry keeps the carrier of a trace with the job: headers, as JSON. A job of either side is in the trace of the
// other.

/** Largest carrier that is read, in characters. */
const MAX_LENGTH = 16_384;
/** The header that says to which trace a span belongs: of W3C Trace Context, B3, Jaeger, X-Ray. */
const TRACE = ['traceparent', 'b3', 'x-b3-traceid', 'uber-trace-id', 'x-amzn-trace-id'];
/** Further headers that propagators write. */
const BESIDE = ['tracestate', 'baggage', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-parentspanid', 'x-b3-flags'];

/**
 * Returns the carrier that the context of a job has, as BullMQ keeps it: the headers are values of the context, or of an object
 * that is one. `undefined` if there is none.
 */
export function carrierIn(values: ContextValues): string | undefined {
  for (const each of [values, ...Object.values(values)]) {
    if (typeof each !== 'object' || each === null || !TRACE.some((name) => name in each)) continue;
    const headers = [...TRACE, ...BESIDE].flatMap((name) => {
      const value: unknown = Reflect.get(each, name);
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    if (headers.length > 0) return JSON.stringify(Object.fromEntries(headers));
  }
  return undefined;
}

/** Returns a context that is nothing but headers, as they are sent with a call of a batch; `undefined` for any other. */
export function headersIn(values: ContextValues): string | undefined {
  if (Object.values(values).some((value) => typeof value !== 'string')) return undefined;
  const headers = JSON.stringify(values);
  return headers.length > MAX_LENGTH ? undefined : headers;
}

/** Returns the headers that BullMQ has kept, or that came with a call of a batch. Never throws: others can write to Redis. */
export function readCarrier(metadata: unknown): ContextValues | undefined {
  if (typeof metadata !== 'string' || metadata.length > MAX_LENGTH) return undefined;
  try {
    const headers = Object.entries(JSON.parse(metadata) as object).filter(([, value]) => typeof value === 'string');
    return headers.length === 0 ? undefined : Object.fromEntries(headers);
  } catch {
    return undefined;
  }
}
