import { mustBe } from '../../base/check/argument-errors.js';
import { queueMicrotask } from '../../base/clock.js';
import { isPromise } from '../../base/promises.js';
import { type PrometheusOptions, readPrometheusOptions } from '../export-options.js';
import { howToInstall, PROM_CLIENT } from '../peers.js';
import { type Labels, PoolsReader, type Readings } from '../readings.js';
import { type Family, familiesOf, type Line, NAMING, type Series } from './families.js';

const ACTION = 'export metrics to Prometheus';
/** Begins the content type of a registry that prints OpenMetrics. */
const OPENMETRICS = 'application/openmetrics-text';

/** The part of a `Registry` of prom-client that is used. */
export interface PrometheusRegistry {
  /** Which text format it prints. */
  readonly contentType: string;
  /** Adds a metric. */
  registerMetric(metric: never): void;
  /** Removes a metric by its name. */
  removeSingleMetric(name: string): void;
}

/**
 * Adds the metrics of pools to a registry of prom-client, which prints them as its own: in the text format or as
 * OpenMetrics, whichever the registry is set to; an `AggregatorRegistry` adds them up over processes. The pools are read at
 * each scrape, once each, and nothing is done for single jobs.
 *
 * @param register a `Registry` of prom-client.
 * @returns a function that removes the metrics from the registry.
 * @throws {TypeError | RangeError} for a bad registry, pool or option, naming it, the rule and the value received.
 * @throws {Error} of prom-client, if the registry has a metric of the same name: use another `prefix`.
 *
 * @example
 * ```ts
 * import client from 'prom-client';
 * prometheus(client.register, { pools: { main: pool, thumbs } });
 * ```
 */
export function prometheus(register: PrometheusRegistry, options: PrometheusOptions): () => void {
  checkRegistry(register);
  const settings = readPrometheusOptions(options, NAMING, ACTION);
  const scrapes = new Scrapes(new PoolsReader(settings));
  const registered: string[] = [];
  const remove = (): void => {
    for (const name of registered.splice(0)) register.removeSingleMetric(name);
    scrapes.close();
  };
  try {
    for (const family of familiesOf(settings)) {
      register.registerMetric(new RegisteredMetric(family, { register, scrapes }) as never);
      registered.push(family.name);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

function checkRegistry(value: unknown): void {
  const has = (name: string): boolean => typeof (value as Record<string, unknown>)[name] === 'function';
  const isRegistry = typeof value === 'object' && value !== null && has('registerMetric') && has('removeSingleMetric');
  if (!isRegistry) throw mustBe(`a Registry of prom-client (${howToInstall(PROM_CLIENT)})`, value, 'register', ACTION);
}

/**
 * Reads once for all metrics of a scrape: a registry asks them one after the other, without a pause, so that what was read
 * serves until the next microtask.
 */
class Scrapes {
  readonly #reader: PoolsReader;
  #readings: Readings | Promise<Readings> | undefined;

  constructor(reader: PoolsReader) {
    this.#reader = reader;
  }

  /** A promise if pools of clusters are read, too. */
  get readings(): Readings | Promise<Readings> {
    if (this.#readings === undefined) {
      const reader = this.#reader;
      this.#readings = reader.hasClusters ? reader.readAll().finally(() => this.#forget()) : reader.read();
      if (!reader.hasClusters) queueMicrotask(() => this.#forget());
    }
    return this.#readings;
  }

  #forget(): void {
    this.#readings = undefined;
  }

  close(): void {
    this.#reader.close();
  }
}

/** A value as prom-client prints it: `metricName` if it differs from the name of the metric. */
interface RegistryValue {
  readonly metricName?: string;
  readonly labels: Labels;
  /** Labels that several values have, as one object: prom-client writes them once. */
  readonly sharedLabels?: Labels;
  readonly value: number;
}

/** The data that a registry of prom-client receives. */
interface RegistryMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly RegistryValue[];
}

/**
 * A metric as a registry of prom-client asks it for its values: prom-client has no way to set a histogram, but prints
 * whatever has these members.
 */
class RegisteredMetric {
  /** Changed by prom-client, which takes `_total` off the names of counters for OpenMetrics. */
  name: string;
  readonly help: string;
  readonly type: Family['type'];
  readonly aggregator: Family['aggregator'];
  readonly #family: Family;
  readonly #register: PrometheusRegistry;
  readonly #scrapes: Scrapes;

  constructor(family: Family, deps: { readonly register: PrometheusRegistry; readonly scrapes: Scrapes }) {
    this.name = family.name;
    this.help = family.help;
    this.type = family.type;
    this.aggregator = family.aggregator;
    this.#family = family;
    this.#register = deps.register;
    this.#scrapes = deps.scrapes;
  }

  /** For a registry that prints. */
  getForPromString(): RegistryMetric | Promise<RegistryMetric> {
    return this.#with(({ labels, lines }) =>
      lines.map((line) => ({ ...this.#valueOf(line), labels: labelsOf(line), sharedLabels: labels })),
    );
  }

  /** For a registry that hands on its metrics as JSON. */
  get(): RegistryMetric | Promise<RegistryMetric> {
    return this.#with(({ labels, lines }) =>
      lines.map((line) => ({ ...this.#valueOf(line), labels: { ...labels, ...labelsOf(line) } })),
    );
  }

  /** Does nothing: the pools count, and a count never falls. */
  reset(): void {}

  #with(valuesOf: (series: Series) => readonly RegistryValue[]): RegistryMetric | Promise<RegistryMetric> {
    const { readings } = this.#scrapes;
    return isPromise(readings)
      ? readings.then((read) => this.#metricOf(read, valuesOf))
      : this.#metricOf(readings, valuesOf);
  }

  #metricOf(readings: Readings, valuesOf: (series: Series) => readonly RegistryValue[]): RegistryMetric {
    const { help, type, aggregator } = this;
    const { name } = this.#family;
    const isOpenMetrics = this.#register.contentType.startsWith(OPENMETRICS);
    const values = this.#family.seriesIn(readings).flatMap(valuesOf);
    return { name: isOpenMetrics ? name.replace(/_total$/, '') : name, help, type, aggregator, values };
  }

  #valueOf({ suffix, value }: Line): Pick<RegistryValue, 'metricName' | 'value'> {
    return suffix === '' ? { value } : { metricName: `${this.#family.name}${suffix}`, value };
  }
}

function labelsOf({ le }: Line): Labels {
  return le === undefined ? {} : { le };
}
