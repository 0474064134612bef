import type { PoolSnapshot, WorkerRow } from '../messages.js';
import { button, el, section, setAttribute, setText } from './dom.js';
import { ago, count, ms, percent, rate } from './format.js';
import type { PoolSection } from './job-sections.js';
import type { PageActions } from './page-actions.js';
import { Table } from './table.js';
import { Timelines } from './timelines.js';

interface Tile {
  readonly title: string;
  readonly isDouble?: boolean;
  read(pool: PoolSnapshot): string;
  tone?(pool: PoolSnapshot): 'bad' | 'warn' | undefined;
}

const TILES: readonly Tile[] = [
  { title: 'Throughput', read: ({ point }) => rate(point.throughput) },
  { title: 'Active', read: ({ active }) => count(active) },
  { title: 'Queued', read: ({ queued }) => count(queued) },
  { title: 'Held', read: ({ held }) => count(held) },
  {
    title: 'Next has waited',
    read: ({ oldestMs }) => ms(oldestMs),
    tone: ({ oldestMs }) => (oldestMs > 10_000 ? 'warn' : undefined),
  },
  { title: 'Completed', read: ({ completed }) => count(completed) },
  { title: 'Failed', read: ({ failed }) => count(failed), tone: ({ failed }) => (failed > 0 ? 'bad' : undefined) },
  { title: 'Cancelled', read: ({ cancelled }) => count(cancelled) },
  {
    title: 'Error rate',
    read: ({ point }) => percent(point.throughput > 0 ? Math.min(1, point.failures / point.throughput) : 0),
    tone: ({ point }) => (point.failures > 0 ? 'bad' : undefined),
  },
  { title: 'Retried', read: ({ retried }) => count(retried) },
  { title: 'Timed out', read: ({ timedOut }) => count(timedOut) },
  { title: 'Refused', read: ({ refused, dropped }) => count(refused + dropped) },
  { title: 'Waiting p50 / p99', isDouble: true, read: ({ queuedMs }) => `${ms(queuedMs.p50)} / ${ms(queuedMs.p99)}` },
  {
    title: 'Running p50 / p99',
    isDouble: true,
    read: ({ executionMs }) => `${ms(executionMs.p50)} / ${ms(executionMs.p99)}`,
  },
  { title: 'Up for', read: ({ uptimeMs }) => ms(uptimeMs) },
];

/** A pool at a glance, and whether it runs jobs. */
export function overviewSection(pool: string, actions: PageActions): PoolSection {
  const { root, head } = section('Overview', { class: 'wide' });
  const state = el('span', { class: 'state' });
  const end = el('span', { class: 'end' });
  const pause = button('Pause', () => void actions.pauseOrResume('pause', pool));
  const resume = button('Resume', () => void actions.pauseOrResume('resume', pool));
  if (actions.may('pause')) end.append(pause, resume);
  head.append(state, end);
  const values = TILES.map((tile) => ({ tile, term: el('dt', {}, tile.title), value: el('dd') }));
  root.append(
    el(
      'dl',
      { class: 'tiles' },
      ...values.map(({ tile, term, value }) => el('div', { class: tile.isDouble ? 'double' : undefined }, term, value)),
    ),
  );
  return {
    root,
    show({ now }) {
      setText(state, now.state);
      setAttribute(state, 'data-state', now.state);
      const isOver = now.state === 'draining' || now.state === 'closed';
      const isCluster = now.hosts !== undefined; // only Redis knows whether the queue is paused
      pause.hidden = now.state === 'paused' && !isCluster;
      resume.hidden = now.state !== 'paused' && !isCluster;
      for (const each of [pause, resume]) each.disabled = isOver;
      for (const { tile, value } of values) {
        setText(value, tile.read(now));
        setAttribute(value, 'data-tone', tile.tone?.(now));
      }
    },
  };
}

interface WorkersDeps {
  readonly pool: string;
  readonly actions: PageActions;
  readonly hasHeaps: boolean;
  now(): number;
}

/** The timelines of workers, and a table of them. */
export function workersSection({ pool, actions, hasHeaps, now }: WorkersDeps): PoolSection & { redraw(): void } {
  const { root, head } = section('Workers', { class: 'wide' });
  const counts = el('span', { class: 'soft' });
  const last = el('p', { class: 'soft' });
  head.append(counts);
  const timelines = new Timelines();
  const saveHeap = ({ id }: WorkerRow): void =>
    void actions.download('heap', { pool, worker: id }, `Heap snapshot of worker ${id}`);
  const table = new Table<WorkerRow>({
    label: 'Workers',
    empty: 'No worker is there: they start when there are jobs.',
    keyOf: ({ id }) => String(id),
    columns: [
      { title: 'Worker', isNumber: true, text: ({ id }) => String(id) },
      {
        title: 'State',
        make: (cell) => {
          const state = el('span', { class: 'state' });
          cell.append(state);
          return (row) => {
            setText(state, row.state);
            setAttribute(state, 'data-state', row.state);
          };
        },
      },
      {
        title: 'Thread',
        text: ({ threadId, pid }) =>
          pid === undefined ? (threadId === undefined ? '' : `thread ${threadId}`) : `process ${pid}`,
      },
      { title: 'Jobs run', isNumber: true, text: ({ jobs }) => count(jobs) },
      { title: 'Busy now', isNumber: true, text: ({ load }) => percent(load) },
      { title: 'Busy since it started', isNumber: true, text: ({ utilization }) => percent(utilization) },
      ...(hasHeaps
        ? [
            {
              title: 'Record',
              make: (cell: HTMLTableCellElement, row: WorkerRow) => {
                cell.append(
                  button('Heap snapshot', () => saveHeap(row), { 'aria-label': `Heap snapshot of worker ${row.id}` }),
                );
                return () => {};
              },
            },
          ]
        : []),
    ],
  });
  root.append(timelines.canvas, table.root, last);
  let draw = (): void => {};
  return {
    root,
    redraw: () => draw(),
    show(model) {
      const { workers, maxWorkers, lastExit, workerExits } = model.now;
      const busy = workers.filter(({ state }) => state === 'busy').length;
      setText(counts, `${workers.length} of at most ${maxWorkers}, ${busy} busy`);
      table.show(workers);
      draw = () => timelines.draw(model, now());
      timelines.canvas.hidden = workers.length === 0;
      draw();
      const exits = Object.entries(workerExits)
        .filter(([, number]) => number > 0)
        .map(([reason, number]) => `${count(number)} ${reason}`);
      const why =
        lastExit === undefined
          ? ''
          : `; the last was worker ${lastExit.workerId}, ${ago(lastExit.at, now())}: ${lastExit.reason}${lastExit.error === undefined ? '' : ` (${lastExit.error})`}`;
      setText(last, exits.length === 0 ? '' : `Exits: ${exits.join(', ')}${why}`);
    },
  };
}
