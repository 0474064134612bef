import * as echarts from 'echarts';

/** @typedef {import('./row.mjs').Row} Row */

/** One chart each; a logarithmic scale where the bars differ by more than a factor of ten. */
const charts = [
  { chart: 'throughput', title: 'Small jobs, thousands a second', unit: 'thousand jobs/s', scale: 1 / 1000, log: true },
  { chart: 'latency', title: 'Latency, less is better', unit: 'µs', scale: 1, log: true },
  { chart: 'megabyte', title: '1 MB in and out, jobs a second', unit: 'jobs/s', scale: 1, log: true },
  { chart: 'map', title: '`map`, million items a second', unit: 'M items/s', scale: 1, log: false },
];

const COLOURS = {
  'thread-system': '#0b6e99',
  piscina: '#b8b8b8',
  tinypool: '#8f8f8f',
  workerpool: '#686868',
  poolifier: '#444444',
};

/**
 * @param {readonly Row[]} rows
 * @returns {{ name: string, title: string, svg: string }[]}
 */
export function drawCharts(rows) {
  return charts.flatMap(({ chart, title, unit, scale, log }) => {
    const shown = rows.filter((row) => row.chart === chart);
    if (shown.length === 0) return [];
    const plain = title.replaceAll('`', '');
    return [{ name: chart, title: plain, svg: draw({ rows: shown, title: plain, unit, scale, log }) }];
  });
}

function draw({ rows, title, unit, scale, log }) {
  const names = Object.keys(COLOURS).filter((name) =>
    rows.some((row) => row.figures.some((figure) => figure.name === name)),
  );
  const height = 110 + rows.length * (14 + 17 * names.length);
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 860, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 15 } },
    legend: { top: 34, left: 12, data: names },
    grid: { left: 12, right: 80, top: 66, bottom: 30, containLabel: true },
    xAxis: { type: log ? 'log' : 'value', name: unit, nameLocation: 'middle', nameGap: 26 },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map((row) => row.workload.replaceAll('`', '')),
      axisTick: { show: false },
      axisLabel: { width: 210, overflow: 'break' },
    },
    series: names.map((name) => ({
      name,
      type: 'bar',
      barGap: '10%',
      barCategoryGap: '18%',
      itemStyle: { color: COLOURS[name] },
      label: { show: true, position: 'right', formatter: ({ value }) => (value === '-' ? '' : short(value)) },
      data: rows.map((row) => {
        const figure = row.figures.find((candidate) => candidate.name === name);
        return figure === undefined ? '-' : figure.value * scale * (row.unit === 'ms' && unit === 'µs' ? 1000 : 1);
      }),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function short(value) {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
