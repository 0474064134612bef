// Simulates clusters that are larger than what anybody measures here, and prints the tables of docs/scaling.md: `npm run simulate`.
// `-- --seed 2` draws other numbers; `-- --write` puts the tables into the page. No Redis is needed, and nothing is measured.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { table } from '../markdown.mjs';
import { tables } from './scenarios.mjs';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, write: { type: 'boolean', default: false } },
});
const seed = Number(values.seed);
if (!Number.isInteger(seed)) throw new RangeError(`--seed must be an integer, received ${values.seed}`);

const PAGE = new URL('../../docs/scaling.md', import.meta.url);
let page = readFileSync(PAGE, 'utf8');
for (const { title, columns, rows } of tables(seed)) {
  const text = table(columns, rows);
  if (values.write) page = inPlace(page, title, text);
  else console.log(`## ${title}\n\n${text}\n`);
}
if (values.write) writeFileSync(PAGE, page);

/** Replaces the table under a heading. */
function inPlace(text, title, replacement) {
  const heading = `\n## ${title}\n`;
  const from = text.indexOf('\n|', text.indexOf(heading));
  if (!text.includes(heading) || from < 0) throw new Error(`docs/scaling.md has no table under '${title}'`);
  return `${text.slice(0, from + 1)}${replacement}${text.slice(text.indexOf('\n\n', from))}`;
}
