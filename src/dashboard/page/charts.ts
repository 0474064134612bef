import uPlot from 'uplot';
import type { DashboardPoint, Percentiles } from '../messages.js';
import { el, section } from './dom.js';
import { clock, count, ms, rate } from './format.js';
import { colour } from './theme.js';

const HEIGHT = 150;

interface Series {
  readonly name: string;
  /** Name of a colour of the theme. */
  readonly colour: string;
  read(point: DashboardPoint): number | undefined;
}

interface ChartSpec {
  readonly title: string;
  readonly series: readonly Series[];
  format(value: number): string;
}

const percentilesOf = (read: (point: DashboardPoint) => Percentiles | undefined): readonly Series[] => [
  { name: 'p50', colour: 'good', read: (point) => read(point)?.[0] },
  { name: 'p90', colour: 'warn', read: (point) => read(point)?.[1] },
  { name: 'p99', colour: 'bad', read: (point) => read(point)?.[2] },
];

const CHARTS: readonly ChartSpec[] = [
  {
    title: 'Throughput',
    series: [
      { name: 'settled', colour: 'accent', read: ({ throughput }) => throughput },
      { name: 'failed', colour: 'bad', read: ({ failures }) => failures },
    ],
    format: rate,
  },
  {
    title: 'Jobs',
    series: [
      { name: 'active', colour: 'good', read: ({ active }) => active },
      { name: 'queued', colour: 'accent', read: ({ queued }) => queued },
      { name: 'held', colour: 'warn', read: ({ held }) => held },
    ],
    format: count,
  },
  { title: 'Time waiting', series: percentilesOf(({ queuedMs }) => queuedMs), format: ms },
  { title: 'Time running', series: percentilesOf(({ executionMs }) => executionMs), format: ms },
];

/** The charts of one pool. */
export class Charts {
  readonly sections: readonly HTMLElement[];
  readonly #charts = CHARTS.map((spec) => new Chart(spec));

  constructor() {
    this.sections = this.#charts.map(({ root }) => root);
  }

  show(points: readonly DashboardPoint[]): void {
    for (const chart of this.#charts) chart.show(points);
  }

  /** Applies the theme's colours, which have changed. */
  recolour(): void {
    for (const chart of this.#charts) chart.recolour();
  }
}

class Chart {
  readonly root: HTMLElement;
  readonly #spec: ChartSpec;
  readonly #host = el('div', { class: 'chart', role: 'img' });
  readonly #legend = el('figcaption');
  #plot: uPlot | undefined;
  #points: readonly DashboardPoint[] = [];

  constructor(spec: ChartSpec) {
    this.#spec = spec;
    const { root } = section(spec.title);
    root.append(el('figure', {}, this.#host, this.#legend));
    this.root = root;
    new ResizeObserver(() => this.#resize()).observe(this.#host);
  }

  show(points: readonly DashboardPoint[]): void {
    this.#points = points;
    this.#showLegend(points.at(-1));
    if (this.#host.clientWidth === 0) return;
    this.#plot ??= this.#make();
    this.#plot.setData(this.#data());
  }

  recolour(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.show(this.#points);
  }

  #resize(): void {
    const width = this.#host.clientWidth;
    if (this.#plot === undefined || width === 0) this.show(this.#points);
    else if (width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  /** The last values as text, also for people who cannot see the chart. */
  #showLegend(last: DashboardPoint | undefined): void {
    const { title, series, format } = this.#spec;
    const values = series.map(({ name, colour: key, read }) => {
      const value = last === undefined ? undefined : read(last);
      const item = el('span', {}, `${name} ${value === undefined ? '–' : format(value)}`);
      item.style.setProperty('--key', `var(--${key})`);
      return item;
    });
    this.#legend.replaceChildren(...values);
    this.#host.setAttribute('aria-label', `${title}: ${values.map(({ textContent }) => textContent).join(', ')}`);
  }

  #data(): uPlot.AlignedData {
    const points = this.#points;
    return [
      points.map(({ at }) => at / 1e3),
      ...this.#spec.series.map(({ read }) => points.map((point) => read(point) ?? null)),
    ] as uPlot.AlignedData;
  }

  #make(): uPlot {
    const { series, format } = this.#spec;
    const axis = { stroke: colour('soft'), grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } };
    return new uPlot(
      {
        width: this.#host.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        padding: [8, 8, 0, 0],
        scales: { y: { range: (_plot, _least, most) => [0, Math.max(most ?? 0, 1e-3) * 1.1] } },
        axes: [
          { ...axis, size: 24, space: 70, values: (_plot, times) => times.map((time) => clock(time * 1e3)) },
          { ...axis, size: 64, space: 28, values: (_plot, values) => values.map((value) => format(value)) },
        ],
        series: [
          {},
          ...series.map(({ name, colour: key }) => ({
            label: name,
            stroke: colour(key),
            width: 1.5,
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      this.#data(),
      this.#host,
    );
  }
}
