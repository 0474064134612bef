import { table } from '../markdown.mjs';
import { drawLines } from './charts.mjs';
import { rateOn } from './model.mjs';

/** How much above its limit an exponent may be: this much two runs differ. */
const NOISE = 0.1;
const MACHINES = [2, 4, 8, 16, 32, 64];

/** @typedef {import('./curves.mjs').Curve & { points: { size: number, ms: number }[], exponent: number }} Measured */

/** One chart for each kind of size. @param {readonly Measured[]} curves */
export function chartsOf(curves) {
  const kinds = [
    {
      file: 'jobs.svg',
      title: 'Cost of many',
      axis: 'jobs, items or priorities',
      names: ['jobs', 'priorities', 'dependencies', 'map'],
    },
    { file: 'bytes.svg', title: 'Cost of bytes, there and back', axis: 'bytes', names: ['bytes'] },
    { file: 'workers.svg', title: 'Cost of workers', axis: 'workers', names: ['start', 'workers'] },
  ];
  return kinds.map(({ file, title, axis, names }) => {
    const lines = curves
      .filter(({ name }) => names.includes(name))
      .map(({ name, points }) => ({ name, points: points.map(({ size, ms }) => [size, Number(ms.toPrecision(3))]) }));
    return { file, title, svg: drawLines({ title, axis, unit: 'ms', lines }) };
  });
}

/** The page `docs/growth.md`. */
export function toMarkdown({ curves, costs, ofOne, cores, machine, rounds }) {
  const charts = chartsOf(curves).map(({ file, title }) => `![${title}](growth/${file})`);
  return `${[
    '# How costs grow',
    'This page is for those who plan for more: more jobs, larger values, more priorities, more workers, more cores. It is written by a program:',
    '```sh\nnpm run growth\n```',
    `Measured on ${machine.date}: ${machine.cpu}, ${cores} cores, ${machine.memoryGiB} GiB, Node.js ${machine.node}. Each point is the median of ${rounds} processes, each of which has warmed up.`,
    '## Exponents',
    'The exponent *e* of cost ~ size*ᵉ*, by least squares over the three largest decades: 1 is linear, 0 means that the size costs nothing.',
    table(
      ['cost', 'grows with', 'smallest', 'largest', 'exponent', 'at most', 'holds'],
      curves.map(({ title, size, points, exponent, atMost }) => [
        title,
        size,
        point(points[0]),
        point(points.at(-1)),
        exponent.toFixed(2),
        String(atMost),
        exponent <= atMost + NOISE ? 'yes' : 'no',
      ]),
    ),
    `An exponent holds up to ${NOISE} above its limit, as two runs differ by that much.`,
    ...curves.filter(({ note }) => note !== undefined).map(({ title, note }) => `- ${title}: ${note}`),
    ...charts,
    ...coresSection({ costs, ofOne, cores }),
  ].join('\n\n')}\n`;
}

function coresSection({ costs, ofOne, cores }) {
  const efficiency = (cost, machine) =>
    `${rate(rateOn(cost, machine))} (${Math.round((rateOn(cost, machine) / idealOn(cost, machine)) * 100)} %)`;
  return [
    '## More cores',
    `What 4 to 64 cores would do is calculated, not measured. A job costs the main thread and the workers CPU time beside its own work. With a worker for each core, two things bound the rate: the main thread is one thread, and all CPU time comes from the cores.`,
    '```text\njobs a second = min(1 / main, cores / (main + workers + work))\n```',
    `The costs, measured on ${cores} cores with ${cores} workers:`,
    table(
      ['work of a job', 'main thread', 'workers', 'measured', 'calculated'],
      costs.map((cost) => [
        work(cost),
        micro(cost.main),
        micro(Math.max(0, cost.workers)),
        rate(cost.rate),
        rate(rateOn(cost, cores)),
      ]),
    ),
    ...(ofOne.length === 0
      ? []
      : [
          'The check: the costs of the table above, asked for a machine of one core, beside what the library does when it is confined to one core, with one worker.',
          table(
            ['work of a job', 'calculated for 1 core', 'measured on 1 core', 'calculated, of measured'],
            ofOne.map((one, index) => {
              const calculated = rateOn(costs[index], 1);
              return [work(one), rate(calculated), rate(one.rate), (calculated / one.rate).toFixed(2)];
            }),
          ),
        ]),
    'Jobs a second, and in brackets the share of what the cores could do if jobs cost nothing but their work:',
    table(
      ['work of a job', ...MACHINES.map((machine) => `${machine} cores`)],
      costs
        .filter(({ us }) => us > 0)
        .map((cost) => [work(cost), ...MACHINES.map((machine) => efficiency(cost, machine))]),
    ),
    LIMITS,
  ];
}

const LIMITS = `What the model leaves out:

- *It is pessimistic about the main thread*: its cost is measured where it is woken for a few answers at a time, and while long jobs run, every two
  milliseconds. The busier it is, the more answers it finds at once, down to the cost of a no-op, which is the first row.
- *It is optimistic about memory*: cores share bandwidth and caches, and a word that goes from one socket to another takes longer than one within.
- *It knows nothing of clock rates*: many busy cores run slower than two, and two threads of one core are not two cores.
- *It has no garbage collector of the program*: what the main thread does besides comes on top of its share.

Where a row stops growing, the main thread is the limit. Use \`map\` there, or submit batches: their cost on the main thread is that of a chunk, not of
an item. Beyond one machine, see [Sizing a cluster](scaling.md).`;

const idealOn = ({ us }, cores) => (1e6 * cores) / us;
const work = ({ us }) => (us === 0 ? 'none' : us < 1_000 ? `${us} µs` : `${us / 1_000} ms`);
const micro = (us) => `${us.toPrecision(2)} µs`;
const rate = (perSecond) => `${Number(perSecond.toPrecision(3)).toLocaleString('en')}/s`;
const point = ({ size, ms }) => `${size.toLocaleString('en')}: ${duration(ms)}`;
const duration = (ms) =>
  ms < 1 ? `${(ms * 1_000).toPrecision(3)} µs` : `${Number(ms.toPrecision(3)).toLocaleString('en')} ms`;
