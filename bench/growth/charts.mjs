import * as echarts from 'echarts';

/**
 * Lines of several curves over one kind of size, both axes logarithmic: a straight line is a power of the size.
 *
 * @param {{ title: string, axis: string, unit: string, lines: readonly { name: string, points: readonly (readonly [number, number])[] }[] }} what
 */
export function drawLines({ title, axis, unit, lines }) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 860, height: 420 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 15 } },
    legend: { top: 34, left: 12, data: lines.map(({ name }) => name) },
    grid: { left: 20, right: 40, top: 90, bottom: 40, containLabel: true },
    xAxis: { type: 'log', name: axis, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'log', name: unit },
    series: lines.map(({ name, points }) => ({ name, type: 'line', symbolSize: 7, data: points })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
