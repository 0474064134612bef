import { Bare } from '../base/bare.js';
import { mustBe, wrongValue } from '../base/check/argument-errors.js';
import { type Given, optionNames, readOptions } from '../base/check/options.js';
import { checkArray, checkBoolean, checkNumber, checkObject, checkString } from '../base/check/values.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';

/** What an exporter reads of a `ThreadPool`. */
export interface MeasuredPool {
  /** The highest number of workers. */
  readonly maxWorkers: number;
  /** Returns a snapshot of the pool's metrics. */
  metrics(): PoolMetrics;
}

/** What an exporter reads of a `ClusterPool`. */
export interface MeasuredCluster {
  /** Name of the queue. */
  readonly queue: string;
  /** Reads the queue and its hosts. */
  metrics(): Promise<MeasuredQueue>;
}

/** A queue and its hosts, as a `ClusterPool` reads them. */
export interface MeasuredQueue {
  /** How many jobs of the queue are in each state. */
  readonly counts: {
    /** Wait for their turn. */
    readonly pending: number;
    /** Wait until a time, or before another attempt. */
    readonly delayed: number;
    /** Were fetched by a host. */
    readonly active: number;
    /** Have completed, and are still kept. */
    readonly completed: number;
    /** Have failed or were cancelled, and are still kept. */
    readonly failed: number;
    /** Wait for children, which this library never makes. */
    readonly waitingChildren: number;
  };
  /** The hosts that are up. */
  readonly hosts: readonly unknown[];
  /** How often jobs of the pool came back from a host that had died. */
  readonly recoveries: number;
  /** The jobs of the pool itself. */
  readonly own: PoolMetrics;
}

/** Pools, by the names that they have in the exported metrics. */
export type MeasuredPools = Readonly<Record<string, MeasuredPool>>;

/** Like `MeasuredPools`, but may include pools of clusters. */
export type MeasuredSubmitters = Readonly<Record<string, MeasuredPool | MeasuredCluster>>;

/** How metrics are named and divided. */
export interface MetricsOptions {
  /** Begins the name of each metric. Default: `'thread_system_'`; of `otelMetrics`, `'thread_system.'`. */
  readonly prefix?: string | undefined;
  /** Upper edges of the buckets of histograms, in seconds, ascending. Default: 18 edges from 0.0001 to 60. */
  readonly buckets?: readonly number[] | undefined;
  /** Whether counts and times of jobs are exported for each task. Default: `true`. */
  readonly tasks?: boolean | undefined;
  /** Labels that each metric gets, with their values. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Which pools are exported, and how. */
export interface PrometheusOptions extends MetricsOptions {
  /** The pools, by the values of the label `pool`. */
  readonly pools: MeasuredSubmitters;
}

/** Checked options of an exporter. */
export interface ExportSettings {
  readonly pools: readonly (readonly [name: string, pool: MeasuredPool])[];
  readonly clusters: readonly (readonly [name: string, pool: MeasuredCluster])[];
  readonly prefix: string;
  /** In seconds. */
  readonly edges: readonly number[];
  readonly hasTasks: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

const OPTIONS = { prefix: true, buckets: true, tasks: true, labels: true } as const;
const METRICS_OPTIONS = optionNames<MetricsOptions>(OPTIONS);
const PROMETHEUS_OPTIONS = optionNames<PrometheusOptions>({ pools: true, ...OPTIONS });

/** Edges in seconds: from fast for a task of microseconds to slow for one of minutes. */
const EDGES: readonly number[] = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
  ...[0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
];

/** What a format demands of names. */
export interface Naming {
  readonly prefix: string;
  /** Names that begin a metric, such as the default prefix. */
  readonly prefixPattern: RegExp;
  readonly labelPattern: RegExp;
  /** Labels that the metrics have by themselves. */
  readonly ownLabels: readonly string[];
}

/** @throws {TypeError | RangeError} for a bad option or pool, naming it, the rule and the value received. */
export function readPrometheusOptions(options: unknown, naming: Naming, action: string): ExportSettings {
  const given = readOptions<PrometheusOptions>(options ?? new Bare(), PROMETHEUS_OPTIONS, action);
  return readSettings(given.pools, given, { naming, action });
}

/** @throws {TypeError | RangeError} for a bad option or pool, naming it, the rule and the value received. */
export function readMetricsOptions(
  pools: unknown,
  options: unknown,
  { naming, action }: { readonly naming: Naming; readonly action: string },
): ExportSettings {
  return readSettings(pools, readOptions<MetricsOptions>(options, METRICS_OPTIONS, action), { naming, action });
}

function readSettings(
  pools: unknown,
  { prefix, buckets, tasks, labels }: Given<MetricsOptions>,
  { naming, action }: { readonly naming: Naming; readonly action: string },
): ExportSettings {
  return {
    ...checkPools(pools, action),
    prefix: prefix === undefined ? naming.prefix : checkPrefix(prefix, naming, action),
    edges: buckets === undefined ? EDGES : checkBuckets(buckets, action),
    hasTasks: tasks === undefined ? true : checkBoolean(tasks, 'tasks', action),
    labels: labels === undefined ? {} : checkLabels(labels, naming, action),
  };
}

function checkPools(value: unknown, action: string): Pick<ExportSettings, 'pools' | 'clusters'> {
  if (isPool(value)) throw mustBe('an object { name: pool }', value, 'pools', action);
  const pools = Object.entries(checkObject(value, 'pools', action));
  for (const [name, pool] of pools) if (!isPool(pool)) throw mustBe('a ThreadPool', pool, `pools.${name}`, action);
  const isCluster = (pool: object): boolean => 'queue' in pool;
  return {
    pools: pools.filter(([, pool]) => !isCluster(pool)) as unknown as ExportSettings['pools'],
    clusters: pools.filter(([, pool]) => isCluster(pool)) as unknown as ExportSettings['clusters'],
  };
}

/** Checks by shape: the exporters depend only on the members that they read. */
function isPool(value: unknown): value is MeasuredPool {
  return typeof value === 'object' && value !== null && 'metrics' in value && typeof value.metrics === 'function';
}

function checkPrefix(value: unknown, { prefixPattern }: Naming, action: string): string {
  const prefix = checkString(value, 'prefix', action);
  if (prefix === '' || prefixPattern.test(prefix)) return prefix;
  throw wrongValue(action, `prefix must match ${prefixPattern.source}`, `'${prefix}'`);
}

function checkBuckets(value: unknown, action: string): readonly number[] {
  const edges = checkArray(value, 'buckets', action).map((edge, index) =>
    checkNumber(edge, `buckets[${index}]`, action),
  );
  if (edges.length === 0) throw wrongValue(action, 'buckets must have at least one edge');
  let last = 0;
  for (const edge of edges) {
    if (!(edge > last && edge < Number.POSITIVE_INFINITY))
      throw wrongValue(action, 'buckets must be finite numbers of seconds above 0, ascending', `[${edges.join(', ')}]`);
    last = edge;
  }
  return edges;
}

function checkLabels(value: unknown, { labelPattern, ownLabels }: Naming, action: string): Record<string, string> {
  const labels = Object.entries(checkObject(value, 'labels', action));
  for (const [name, text] of labels) {
    if (!labelPattern.test(name))
      throw wrongValue(action, `the name of a label must match ${labelPattern.source}`, `'${name}'`);
    if (ownLabels.includes(name)) throw wrongValue(action, `labels must not have '${name}', which the metrics set`);
    checkString(text, `labels.${name}`, action);
  }
  return Object.fromEntries(labels) as Record<string, string>;
}
