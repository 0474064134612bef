import { describe, expect, test } from '@jest/globals';
import {
  AggregationTemporality,
  DataPointType,
  type HistogramMetricData,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { ThreadPool } from 'thread-system';
import { otelMetrics } from 'thread-system/metrics';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

/** What a reader of the SDK exports of a producer. */
async function exported(producer: ReturnType<typeof otelMetrics>): Promise<Map<string, MetricData>> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, metricProducers: [producer] });
  const provider = new MeterProvider({ readers: [reader] });
  await provider.forceFlush();
  const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  await provider.shutdown();
  const own = scopes.filter(({ scope }) => scope.name === 'thread-system');
  return new Map(own.flatMap(({ metrics }) => metrics).map((metric) => [metric.descriptor.name, metric]));
}

const valueIn = (metric: MetricData | undefined, attributes: Record<string, string>): unknown =>
  metric?.dataPoints.find((point) =>
    Object.entries({ 'thread_system.pool.name': 'main', ...attributes }).every(
      ([name, value]) => point.attributes[name] === value,
    ),
  )?.value;

describe('otelMetrics', () => {
  test('hands pools to a reader of the SDK: sums, gauges, histograms', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    await pool.submit(tasks.add, [1, 2]);
    await pool.submit(tasks.fail, ['no']).catch(() => {});
    using _gate = await occupy(pool);
    const metrics = await exported(otelMetrics({ main: pool }));

    const submitted = metrics.get('thread_system.jobs.submitted');
    expect(submitted).toMatchObject({
      descriptor: { unit: '{job}' },
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    });
    expect(valueIn(submitted, { 'thread_system.task.name': 'add' })).toBe(1);
    const settled = metrics.get('thread_system.jobs.settled');
    const failed = { 'thread_system.task.name': 'fail', 'thread_system.job.state': 'failed' };
    expect(valueIn(settled, failed)).toBe(1);
    const active = metrics.get('thread_system.jobs.active');
    expect(active).toMatchObject({
      dataPointType: DataPointType.SUM,
      isMonotonic: false,
      descriptor: { unit: '{job}' },
    });
    expect(valueIn(active, {})).toBe(1);
    expect(valueIn(metrics.get('thread_system.workers'), { 'thread_system.worker.state': 'busy' })).toBe(1);
    expect(metrics.get('thread_system.oldest_job.age')).toMatchObject({ dataPointType: DataPointType.GAUGE });

    const run = metrics.get('thread_system.job.run.duration') as HistogramMetricData;
    expect(run).toMatchObject({ dataPointType: DataPointType.HISTOGRAM, descriptor: { unit: 's' } });
    const { value, startTime, endTime } = run.dataPoints[0] ?? {};
    expect(value?.buckets.counts).toHaveLength((value?.buckets.boundaries.length ?? 0) + 1);
    expect(value?.buckets.counts.reduce((sum, count) => sum + count, 0)).toBe(value?.count);
    expect(value?.sum).toBeGreaterThan(0);
    const seconds = ([s = 0, ns = 0]: readonly number[] = []): number => s + ns / 1e9;
    expect(seconds(endTime) - seconds(startTime)).toBeCloseTo(pool.metrics().uptimeMs / 1e3, -1);
    expect(Math.abs(Date.now() / 1e3 - seconds(endTime))).toBeLessThan(60);
  });

  test('takes the options of the other exporters', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.add, [1, 2]);
    const options = { prefix: 'mill.', buckets: [60], tasks: false, labels: { 'deployment.name': 'eu' } };
    const metrics = await exported(otelMetrics({ main: pool }, options));
    const run = metrics.get('mill.job.run.duration') as HistogramMetricData;
    expect(run.dataPoints.map(({ attributes }) => attributes)).toEqual([
      { 'deployment.name': 'eu', 'thread_system.pool.name': 'main' },
    ]);
    expect(run.dataPoints[0]?.value.buckets).toEqual({ boundaries: [60], counts: [1, 0] });
  });

  test('reads each pool once a collection', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let readings = 0;
    const counted = {
      maxWorkers: 1,
      metrics: () => {
        readings++;
        return pool.metrics();
      },
    };
    const { errors } = await otelMetrics({ main: counted }).collect();
    expect(errors).toEqual([]);
    expect(readings).toBe(1);
  });

  test.each<[unknown, unknown, string]>([
    [{ main: 1 }, undefined, 'pools.main must be a ThreadPool, received 1'],
    [{}, { prefix: '1' }, "received '1'"],
    [{}, { labels: { 'thread_system.pool.name': 'x' } }, "labels must not have 'thread_system.pool.name'"],
    [{}, { pools: {} }, "there is no option 'pools'"],
  ])('refuses bad pools and options by name: %p, %p', (pools, options, message) => {
    const call = (): unknown => otelMetrics(pools as never, options as never);
    expect(call).toThrow(message);
    expect(call).toThrow(/^Cannot export metrics to OpenTelemetry: /);
  });
});
