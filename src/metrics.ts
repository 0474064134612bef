/**
 * Metrics of pools for Prometheus and OpenTelemetry.
 *
 * @module thread-system/metrics
 */
export type {
  MeasuredCluster,
  MeasuredPool,
  MeasuredPools,
  MeasuredQueue,
  MeasuredSubmitters,
  MetricsOptions,
  PrometheusOptions,
} from './exporters/export-options.js';
export type { OtelMetricProducer } from './exporters/otel/metric-data.js';
export { otelMetrics } from './exporters/otel/otel-metrics.js';
export { type PrometheusRegistry, prometheus } from './exporters/prometheus/prometheus.js';
export { prometheusText } from './exporters/prometheus/prometheus-text.js';
