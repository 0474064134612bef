import type { ExportSettings, Naming } from '../export-options.js';
import { type Instrument, instrumentsOf, OWN_LABELS } from '../instruments.js';
import type { Labels, Readings } from '../readings.js';

const MS_PER_S = 1e3;

/** Names as the data model of Prometheus has them: https://prometheus.io/docs/concepts/data_model/ */
export const NAMING: Naming = {
  prefix: 'thread_system_',
  prefixPattern: /^[a-zA-Z_:][a-zA-Z0-9_:]*$/,
  labelPattern: /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/,
  ownLabels: OWN_LABELS,
};

/** A line of the exposition. */
export interface Line {
  /** `_bucket`, `_sum` or `_count` of a histogram; else empty. */
  readonly suffix: string;
  /** The upper edge of a bucket of a histogram, in seconds. */
  readonly le?: string;
  readonly value: number;
}

/** The lines that have the same labels, but for `le`: one, or those of a histogram. */
export interface Series {
  readonly labels: Labels;
  readonly lines: readonly Line[];
}

/** A metric as Prometheus knows it. */
export class Family {
  readonly name: string;
  readonly help: string;
  readonly type: Instrument['type'];
  /** How values of several processes become one: an aggregator of prom-client. */
  readonly aggregator: 'sum' | 'max';
  readonly #instrument: Instrument;
  readonly #labels: Labels;
  readonly #edgesMs: readonly number[];
  /** The label `le` of each edge. */
  readonly #les: readonly string[];

  constructor(instrument: Instrument, { prefix, labels, edges }: ExportSettings) {
    this.name = `${prefix}${instrument.name}`;
    this.help = instrument.help;
    this.type = instrument.type;
    this.aggregator = 'together' in instrument ? instrument.together : 'sum';
    this.#instrument = instrument;
    this.#labels = labels;
    this.#edgesMs = edges.map((edge) => edge * MS_PER_S);
    this.#les = edges.map(String);
  }

  seriesIn(readings: Readings): Series[] {
    const all = this.#labels;
    const instrument = this.#instrument;
    if (instrument.type !== 'histogram')
      return instrument
        .read(readings)
        .map(({ labels, value }) => ({ labels: { ...all, ...labels }, lines: [{ suffix: '', value }] }));
    return instrument.read(readings).map(({ labels, times }) => {
      const counts = times.buckets(this.#edgesMs);
      const lines = [
        ...this.#les.map((le, index) => ({ suffix: '_bucket', le, value: counts[index] ?? 0 })),
        { suffix: '_bucket', le: '+Inf', value: times.count },
        { suffix: '_sum', value: times.sum / MS_PER_S },
        { suffix: '_count', value: times.count },
      ];
      return { labels: { ...all, ...labels }, lines };
    });
  }
}

export function familiesOf(settings: ExportSettings): readonly Family[] {
  return instrumentsOf(settings).map((instrument) => new Family(instrument, settings));
}
