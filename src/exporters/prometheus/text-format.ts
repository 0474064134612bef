import type { Labels, Readings } from '../readings.js';
import type { Family, Series } from './families.js';

/**
 * Writes families in the text format of Prometheus, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function writeText(families: readonly Family[], readings: Readings): string {
  return families.map((family) => writeFamily(family, readings)).join('');
}

function writeFamily(family: Family, readings: Readings): string {
  const { name, help, type } = family;
  const series = family.seriesIn(readings).map((each) => writeSeries(name, each));
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${series.join('')}`;
}

/** The labels are written once: nearly all lines are of histograms, which have twenty with the same. */
function writeSeries(name: string, { labels, lines }: Series): string {
  const shared = writeLabels(labels);
  const before = shared === '' ? '' : `${shared},`;
  const braced = shared === '' ? '' : `{${shared}}`;
  let text = '';
  for (const { suffix, le, value } of lines)
    text += `${name}${suffix}${le === undefined ? braced : `{${before}le="${le}"}`} ${value}\n`;
  return text;
}

function writeLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`)
    .join(',');
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
