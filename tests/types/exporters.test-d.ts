// Type tests: what the exporters take and return fits the types of the packages that it is for.
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { AggregatorRegistry, type OpenMetricsContentType, type Registry, register } from 'prom-client';
import { ThreadPool } from 'thread-system';
import { otelMetrics, prometheus, prometheusText } from 'thread-system/metrics';
import { instrument, ThreadSystemInstrumentation } from 'thread-system/otel';

const pool = new ThreadPool();
const remove: () => void = prometheus(register, { pools: { pool } });
declare const openMetrics: Registry<OpenMetricsContentType>;
prometheus(openMetrics, { pools: {} });
prometheus(new AggregatorRegistry(), { pools: { pool }, prefix: 'x_', buckets: [1], tasks: false, labels: { a: 'b' } });
const text: string = prometheusText({ pool }, { tasks: false });
export const producer: MetricProducer = otelMetrics({ pool });
export const instrumentation: Instrumentation = new ThreadSystemInstrumentation({ spans: 'all', enabled: false });
export const end: () => void = instrument({ link: 'link', tasks: ['resize'] });
export const used = [remove, text];

// @ts-expect-error: a pool needs a name
prometheusText(pool);
// @ts-expect-error: the pools are missing
prometheus(register, {});
// @ts-expect-error: there is no such kind of spans
instrument({ spans: 'some' });
