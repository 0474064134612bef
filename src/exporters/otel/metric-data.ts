// The data that a reader of @opentelemetry/sdk-metrics receives, described by its shape: a program that exports to Prometheus alone
// need not have the types of OpenTelemetry. `tests/types/exporters.test-d.ts` compares them.

/** Seconds since 1970, and nanoseconds. */
export type HrTime = [seconds: number, nanoseconds: number];

type Attributes = Record<string, string>;

export interface OtelDataPoint<T> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: T;
}

export interface OtelHistogram {
  buckets: { boundaries: number[]; counts: number[] };
  sum: number;
  count: number;
}

interface MetricBase {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    /** `ValueType.DOUBLE`. */
    readonly valueType: 1;
  };
  /** `AggregationTemporality.CUMULATIVE`. */
  readonly aggregationTemporality: 1;
}

/** `dataPointType` is of the enumeration `DataPointType`. */
export type OtelMetric = MetricBase &
  (
    | { readonly dataPointType: 0; readonly dataPoints: OtelDataPoint<OtelHistogram>[] }
    | { readonly dataPointType: 2; readonly dataPoints: OtelDataPoint<number>[] }
    | { readonly dataPointType: 3; readonly dataPoints: OtelDataPoint<number>[]; readonly isMonotonic: boolean }
  );

/** An empty resource: readers take that of the SDK. */
export interface OtelResource {
  readonly attributes: Attributes;
  merge<R>(other: R | null): R | this;
  getRawAttributes(): [string, string][];
}

/** The result of a collection: `CollectionResult` of `@opentelemetry/sdk-metrics`. */
export interface OtelCollection {
  resourceMetrics: {
    resource: OtelResource;
    scopeMetrics: { scope: { readonly name: string; readonly version: string }; metrics: OtelMetric[] }[];
  };
  errors: unknown[];
}

/** A `MetricProducer` of `@opentelemetry/sdk-metrics`. */
export interface OtelMetricProducer {
  /** Reads all pools, for a reader of the SDK. */
  collect(): Promise<OtelCollection>;
}
