import { VERSION } from '../../base/version.js';
import type { Distribution } from '../../metrics/distribution.js';
import { type MeasuredSubmitters, type MetricsOptions, type Naming, readMetricsOptions } from '../export-options.js';
import { type Instrument, instrumentsOf } from '../instruments.js';
import { OTEL_SDK_METRICS, requirePeer } from '../peers.js';
import { type Labels, PoolsReader, type Readings } from '../readings.js';
import { ATTRIBUTES, SCOPE_NAME } from './attribute-names.js';
import type {
  HrTime,
  OtelCollection,
  OtelHistogram,
  OtelMetric,
  OtelMetricProducer,
  OtelResource,
} from './metric-data.js';

const ACTION = 'export metrics to OpenTelemetry';
const MS_PER_S = 1e3;
const NS_PER_MS = 1e6;

/** Names of instruments as the specification of OpenTelemetry has them; labels are attributes, which may have any name. */
const NAMING: Naming = {
  prefix: 'thread_system.',
  prefixPattern: /^[a-zA-Z][a-zA-Z0-9_./-]*$/,
  labelPattern: /./,
  ownLabels: [ATTRIBUTES.poolName, ATTRIBUTES.queueName, ATTRIBUTES.taskName],
};

/** The part of `@opentelemetry/sdk-metrics` that is used. */
interface SdkEnums {
  readonly AggregationTemporality: { readonly CUMULATIVE: 1 };
  readonly DataPointType: { readonly HISTOGRAM: 0; readonly GAUGE: 2; readonly SUM: 3 };
}

/**
 * Returns a producer of metrics for a reader of OpenTelemetry's SDK: `new PeriodicExportingMetricReader({ exporter,
 * metricProducers: [otelMetrics({ main: pool })] })`. The pools are read when the reader collects, once each, and nothing is
 * done for single jobs. All sums and histograms are cumulative.
 *
 * @param pools the pools, by the values of the attribute `thread_system.pool.name`.
 * @throws {TypeError | RangeError} for a bad pool or option, naming it, the rule and the value received.
 * @throws {TypeError} if the package `@opentelemetry/sdk-metrics` is not installed.
 */
export function otelMetrics(pools: MeasuredSubmitters, options?: MetricsOptions): OtelMetricProducer {
  const settings = readMetricsOptions(pools, options, { naming: NAMING, action: ACTION });
  const sdk = requirePeer<SdkEnums>(OTEL_SDK_METRICS, ACTION);
  return new Producer(new PoolsReader(settings), sdk);
}

/** The attributes that labels become, unless the instrument says otherwise. */
const ATTRIBUTES_OF_LABELS: Labels = {
  pool: ATTRIBUTES.poolName,
  queue: ATTRIBUTES.queueName,
  task: ATTRIBUTES.taskName,
};

class Producer implements OtelMetricProducer {
  readonly #reader: PoolsReader;
  readonly #enums: SdkEnums;

  constructor(reader: PoolsReader, enums: SdkEnums) {
    this.#reader = reader;
    this.#enums = enums;
  }

  async collect(): Promise<OtelCollection> {
    const readings = this.#reader.hasClusters ? await this.#reader.readAll() : this.#reader.read();
    const nowMs = Date.now();
    const metrics = instrumentsOf(this.#reader.settings).map((instrument) =>
      this.#metricOf(instrument, { readings, nowMs }),
    );
    const scope = { name: SCOPE_NAME, version: VERSION };
    return { resourceMetrics: { resource: EMPTY_RESOURCE, scopeMetrics: [{ scope, metrics }] }, errors: [] };
  }

  #metricOf(
    instrument: Instrument,
    { readings, nowMs }: { readonly readings: Readings; readonly nowMs: number },
  ): OtelMetric {
    const { prefix, edges, labels: all } = this.#reader.settings;
    const { AggregationTemporality, DataPointType } = this.#enums;
    const { otelName, unit, help: description, attributes: own } = instrument;
    const base = {
      descriptor: { name: `${prefix}${otelName}`, description, unit, valueType: VALUE_TYPE_DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    } as const;
    const names = { ...ATTRIBUTES_OF_LABELS, ...own };
    const endTime = toHrTime(nowMs);
    const startOf = ({ uptimeMs }: { readonly uptimeMs: number }): HrTime => toHrTime(nowMs - uptimeMs);
    const startTimes = new Map(readings.pools.map(({ labels, metrics }) => [labels.pool, startOf(metrics)]));
    const ofQueues = new Map(readings.queues.map(({ labels, metrics }) => [labels.queue, startOf(metrics.own)]));
    const pointOf = <T>(labels: Labels, value: T) => ({
      startTime: startTimes.get(labels['pool'] ?? '') ?? ofQueues.get(labels['queue'] ?? '') ?? endTime,
      endTime,
      attributes: { ...all, ...renamed(labels, names) },
      value,
    });
    if (instrument.type === 'histogram') {
      const dataPoints = instrument
        .read(readings)
        .map(({ labels, times }) => pointOf(labels, histogramOf(times, edges)));
      return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    const dataPoints = instrument.read(readings).map(({ labels, value }) => pointOf(labels, value));
    const isSum = instrument.type === 'counter' || instrument.together === 'sum';
    if (!isSum) return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
    return { ...base, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: instrument.type === 'counter' };
  }
}

/** `ValueType.DOUBLE` of `@opentelemetry/api`. */
const VALUE_TYPE_DOUBLE = 1;

const EMPTY_RESOURCE: OtelResource = {
  attributes: {},
  merge<R>(other: R | null) {
    return other ?? this;
  },
  getRawAttributes: () => [],
};

function renamed(labels: Labels, names: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [names[name] ?? name, value]));
}

/** Counts of each bucket by itself, and of what is above the last edge. */
function histogramOf(times: Distribution, edges: readonly number[]): OtelHistogram {
  const upTo = [...times.buckets(edges.map((edge) => edge * MS_PER_S)), times.count];
  const counts = upTo.map((count, index) => count - (upTo[index - 1] ?? 0));
  return { buckets: { boundaries: [...edges], counts }, sum: times.sum / MS_PER_S, count: times.count };
}

function toHrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / MS_PER_S);
  return [seconds, Math.round((epochMs - seconds * MS_PER_S) * NS_PER_MS)];
}
