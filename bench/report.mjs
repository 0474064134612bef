import { table } from './markdown.mjs';
import { bestOf, holds, isFarOff, ratioOf } from './row.mjs';
import { MOST_NOISE } from './statistics.mjs';

/** @typedef {import('./row.mjs').Row} Row */

const columns = ['workload', 'ours', 'best of the others', 'ratio', 'must hold', 'holds', 'aim'];

/**
 * The rows as text for a terminal.
 *
 * @param {readonly Row[]} rows
 * @param {{ quick: boolean }} how whether only what is missed by far is missed.
 */
export function toText(rows, { quick }) {
  const lines = [
    columns,
    ...rows.map((row) => cellsOf(row, quick ? quickVerdictOf : verdictOf).map((cell) => cell.replaceAll('`', ''))),
  ];
  const widths = columns.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * The page `docs/benchmarks.md`.
 *
 * @param {readonly Row[]} rows
 * @param {{ machine: object, rounds: string, charts: readonly { title: string, file: string }[] }} about
 */
export function toMarkdown(rows, { machine, rounds, charts }) {
  const compared = rows.filter((row) => row.published === undefined);
  const published = rows.filter((row) => row.published !== undefined);
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `${[
    '# Benchmarks',
    'This page is for those who want to know how fast the library is, and beside what. It is written by the benchmark:',
    '```sh\nnpm run bench\n```',
    table(
      ['measured on', ''],
      [
        ['date', machine.date],
        ['processor', `${machine.cpu}, ${machine.cores} cores`],
        ['memory', `${machine.memoryGiB} GiB`],
        ['platform', `${machine.platform}, Node.js ${machine.node}`],
        ['libraries', versions.join(', ')],
        ['rounds', rounds],
      ],
    ),
    METHOD,
    '## Figures',
    'Each figure is the median of its rounds. A ratio is ours to the best of the others in the same run; of times, less is better. ' +
      `${rows.filter((row) => holds(row) === true).length} of ${rows.filter((row) => holds(row) !== undefined).length} limits hold.`,
    table(
      columns,
      compared.map((row) => cellsOf(row)),
    ),
    notes(compared),
    ...(charts.length === 0 ? [] : ['## Charts', ...charts.map(({ title, file }) => `![${title}](${file})`)]),
    '## Every library',
    'The median, and in brackets the least and the most of the rounds; the setting is the one that served the library best.',
    ...compared
      .filter((row) => row.figures.length > 1)
      .map((row) =>
        [
          `### ${capitalised(row.workload)}`,
          table(
            ['', 'setting', row.unit],
            row.figures.map((figure) => [figure.name, figure.setting, spread(figure, row.unit)]),
          ),
        ].join('\n\n'),
      ),
    ...(published.length === 0 ? [] : [publishedSection(published)]),
    SETTINGS,
  ].join('\n\n')}\n`;
}

const METHOD = `## Method

- Every pool has two threads. Each workload runs in a process of its own, in which all libraries are open at once.
- Before the first round each library runs for a second, so that the engine has compiled its code.
- A round measures each library once, and begins with another one than the round before. Before each measurement garbage
  is collected, and the library runs once without the clock: a full collection shrinks the young generation.
- All results are collected and checked. A wrong one ends the run.
- Small jobs come in batches, which are the same for all libraries: 10,000 jobs are submitted, then all are collected
  (4,000 of factorial). A measurement is as many batches as take 0.2 s. The more of them are kept at once, the more of
  them the garbage collector copies: for that there are rows with 500,000 at once.
- *waitAll*: jobs are submitted one by one and kept, \`waitAll\` awaits them, each \`result\` is read. *awaited*: \`Promise.all\`
  of all jobs. The peers have only the second, and are compared with both.
- *cluster*: a \`redis-server\` of its own, a submitter, and one process that runs the jobs. Each queue is measured once a round, in an
  order that each round begins with another; all have run before. \`npm run bench -- --only cluster\` measures these rows alone. What a
  cluster does when hosts, Redis or a submitter fail is in [Jobs on many machines](cluster.md#what-happens-when-something-dies), with the
  commands that show it.
- *real work*: packages of other programs, on files of this repository, in each library. A result has to be what the same function gives on
  the main thread. Each library runs the same number of batches before the rounds, and one in each round. The ratio is the median of the
  rounds' ratios to the best of the others. It may miss its limit by the *noise* of the run: 1.57 times the interquartile range of these
  ratios, divided by the square root of the number of rounds (half of the notch of a box plot), and at most ${MOST_NOISE}.
- *HTTP server*: two servers of Fastify, one on this library and one on piscina, each in a process of its own, with two threads. Requests
  come from another process by a Poisson process, whether or not those before are answered, and both servers are sent the same ones at
  the same times. A latency counts from the time at which its request was due, so that a server that is late does not put off
  what would show it. The capacity is that of a closed loop in the same run, of the server that has less. A percentile is
  that of a round, a ratio the median of the rounds' ratios.`;

const SETTINGS = `## How the settings were chosen

Before the rounds, each peer runs the workload in each of these settings, in a pool of its own: once to
warm up and once for the clock. The one with the best figure goes into the rounds.

| library | tried | in all of them |
|---|---|---|
| piscina | \`atomics\` sync, async, disabled; \`concurrentTasksPerWorker\` 1, 16, 1000 | \`FixedQueue\`, \`recordTiming: false\` |
| tinypool | \`useAtomics\` on, off; \`concurrentTasksPerWorker\` 1, 16, 1000 | \`runtime: 'worker_threads'\`, a task queue in constant time in place of its array |
| workerpool | \`queueStrategy\` fifo, lifo, a queue in constant time | \`workerType: 'thread'\`, two workers from the start |
| poolifier | no tasks queue with \`execute\` and with \`mapExecute\`; a tasks queue with \`concurrency\` 1, 16, 1000 | \`FixedThreadPool\`, \`enableEvents: false\`, one task function a worker |
| thread-system | nothing: \`maxWorkers: 2\` | two workers from the start, but for *new pool to first result* |

Real work is jobs of some milliseconds. Many of them ahead at one thread only idle the other, so that there \`concurrentTasksPerWorker\` and
\`concurrency\` are tried as 1 and 2, and workerpool has its queue in constant time. The HTTP server tries piscina's \`atomics\` with one task
a worker: a short request behind a long one would wait for it.`;

function publishedSection(rows) {
  return [
    '## Beside published figures',
    'Workloads of other systems, with the figures that their authors published. Those were measured on other machines, and in ' +
      'other languages: they are shown, not compared.',
    table(
      ['workload', 'ours', 'published', 'source'],
      rows.map((row) => [
        row.workload,
        amount(row.figures[0].value, row.unit),
        row.published.figures.map(({ name, value }) => `${name} ${amount(value, row.unit)}`).join('; '),
        row.published.source,
      ]),
    ),
  ].join('\n\n');
}

function notes(rows) {
  return rows
    .map(({ workload, note, notRun }) => ({ workload, text: notRun === undefined ? note : `Not measured: ${notRun}` }))
    .filter(({ text }) => text !== undefined)
    .map(({ workload, text }) => `- ${capitalised(workload)}: ${lowered(text)}`)
    .join('\n');
}

/** @param {Row} row */
function cellsOf(row, judge = verdictOf) {
  if (row.notRun !== undefined) return [row.workload, 'not measured', ...new Array(columns.length - 2).fill('')];
  const ratio = ratioOf(row);
  const best = bestOf(row);
  return [
    row.workload,
    amount(row.figures[0].value, row.unit),
    best === undefined
      ? publishedOf(row)
      : `${amount(best.value, row.unit)}, ${best.name}${best.setting ? ` (${best.setting})` : ''}`,
    ratio === undefined ? '' : `${short(ratio)} x`,
    limitOf(row),
    judge(row),
    row.aim ?? '',
  ];
}

function verdictOf(row) {
  const verdict = holds(row);
  return verdict === undefined ? '' : verdict ? 'yes' : 'no';
}

function quickVerdictOf(row) {
  if (row.limit === undefined) return '';
  if (row.needsFullCounts) return 'not judged';
  return isFarOff(row) ? 'missed by far' : 'about';
}

function publishedOf({ published, unit }) {
  if (published === undefined) return '';
  return published.figures.map(({ name, value }) => `${amount(value, unit)} ${name}, published`).join('; ');
}

function limitOf({ limit, judged, unit, noise }) {
  if (limit === undefined) return '';
  const [word, value] = 'atLeast' in limit ? ['at least', limit.atLeast] : ['at most', limit.atMost];
  const allowed = noise === undefined ? '' : ` (noise ${short(noise)})`;
  return `${word} ${short(value)} ${judged === 'ratio' ? 'x' : unit}${allowed}`;
}

function spread({ value, low, high }, unit) {
  return low === high ? amount(value, unit) : `${short(value)} (${short(low)} to ${short(high)}) ${unit}`;
}

function amount(value, unit) {
  return `${short(value)} ${unit}`;
}

/** Three digits that count, or all that stand before the point. */
function short(value) {
  if (value === 0) return '0';
  if (Math.abs(value) >= 1000) return Number(value.toPrecision(3)).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowered(text) {
  return /^[A-Z][a-z]* /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
