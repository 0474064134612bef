import { bar, countText, type Paint, rateText, timeText, toCells } from './cells.js';
import type { TopJob, TopPool, TopSnapshot, TopTask, TopTimes } from './top-pool.js';

/** What a frame is drawn for. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
  /** Which pool is shown, of those in the snapshot. */
  readonly pool: number;
  /** Which of its running jobs is selected. */
  readonly selected: number;
  /** A notice for the last line, besides the keys, such as the outcome of a cancel. */
  readonly notice: string;
  readonly canCancel: boolean;
}

/** Most workers that are shown, and the cells of each. */
const MOST_WORKERS = 8;
const WORKER = 34;
const BAR = 10;
/** Cells of what is before a line. */
const LABEL = 9;

/** Draws a snapshot for a terminal: at most as many lines as it has rows, each as long as it has columns or shorter. */
export function drawTop(snapshot: TopSnapshot, frame: Frame): string[] {
  const { columns, rows, paint } = frame;
  const pool = snapshot.pools[frame.pool];
  const lines = pool === undefined ? [toCells('no pools', columns)] : drawPool(pool, snapshot, frame);
  const keys = [
    'q quit',
    ...(frame.canCancel ? ['↑↓ select', 'c cancel'] : []),
    ...(snapshot.pools.length > 1 ? ['tab next pool'] : []),
  ];
  const last = paint(
    'dim',
    toCells(frame.notice === '' ? keys.join('   ') : `${keys.join('   ')}   ${frame.notice}`, columns),
  );
  return [...lines.slice(0, Math.max(0, rows - 1)), last];
}

function drawPool(pool: TopPool, { at, pools }: TopSnapshot, frame: Frame): string[] {
  const { columns, paint } = frame;
  const { workers, maxWorkers, point } = pool;
  const busy = workers.filter(({ state }) => state === 'busy').length;
  const which = pools.length > 1 ? ` (${frame.pool + 1} of ${pools.length})` : '';
  const head = `${pool.name}${which}   ${pool.state}   up ${timeText(pool.uptimeMs)}   ${busy} of ${maxWorkers} workers busy`;
  const failures = `${countText(pool.failed)} failed, ${rateText(point.failures)}`;
  const settled = `${rateText(point.throughput)}   ${countText(pool.completed)} completed   ${failures}   ${countText(pool.cancelled)} cancelled`;
  const now = `${countText(pool.active)} active   ${countText(pool.queued)} queued   ${countText(pool.held)} held   next has waited ${timeText(pool.oldestMs)}`;
  const line = (label: string, text: string): string =>
    paint('cyan', toCells(label, Math.min(LABEL, columns))) + toCells(text, Math.max(0, columns - LABEL));
  return [
    paint('bold', toCells(head, columns)),
    line('settled', settled),
    line('now', now),
    line('waits', timesText(pool.queuedMs)),
    line('runs', timesText(pool.executionMs)),
    '',
    ...drawWorkers(pool, frame),
    '',
    ...drawTable(frame, 'RUNNING', runningRows(pool, at, frame)),
    '',
    ...drawTable(frame, 'TASKS', taskRows(pool.tasks)),
  ];
}

function timesText({ count, p50, p90, p99 }: TopTimes): string {
  return count === 0 ? '-' : `p50 ${timeText(p50)}   p90 ${timeText(p90)}   p99 ${timeText(p99)}`;
}

function drawWorkers({ workers }: TopPool, { columns, paint }: Frame): string[] {
  const perLine = Math.max(1, Math.floor(columns / WORKER));
  const shown = workers.slice(0, MOST_WORKERS);
  const cells = shown.map(({ id, state, load, utilization }) => {
    const share = load ?? utilization;
    const text = `${toCells(String(id), 5, 'right')} ${bar(share, BAR)} ${toCells(`${Math.round(100 * share)} %`, 5, 'right')} ${state}`;
    return paint(share > 0.9 ? 'yellow' : 'green', toCells(text, Math.min(WORKER, columns)));
  });
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += perLine) lines.push(cells.slice(at, at + perLine).join(''));
  const more = workers.length - shown.length;
  return more > 0 ? [...lines, paint('dim', toCells(`      and ${more} more workers`, columns))] : lines;
}

/** A table: its head, and its rows, the first column as wide as there is room for. */
interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Which row is marked; -1 for none. */
  readonly marked: number;
  readonly more: number;
}

const COLUMN = 12;

function drawTable({ columns, paint }: Frame, title: string, { head, rows, marked, more }: Table): string[] {
  const first = Math.max(10, columns - COLUMN * head.length);
  const draw = ([name = '', ...others]: readonly string[]): string =>
    toCells(toCells(name, first) + others.map((text) => toCells(text, COLUMN, 'right')).join(''), columns);
  return [
    paint('cyan', draw([title, ...head])),
    ...rows.map((row, index) => (index === marked ? paint('inverse', draw(row)) : draw(row))),
    ...(more > 0 ? [paint('dim', toCells(`and ${countText(more)} more`, columns))] : []),
  ];
}

function runningRows({ running, moreRunning }: TopPool, at: number, { selected, canCancel }: Frame): Table {
  return {
    head: ['job', 'worker', 'since', 'attempt', 'progress'],
    rows: running.map((job) => runningRow(job, at)),
    marked: canCancel ? Math.min(selected, running.length - 1) : -1,
    more: moreRunning,
  };
}

function runningRow({ id, name, workerId, startedAt, attempts, share }: TopJob, at: number): string[] {
  const since = startedAt === undefined ? '' : timeText(Math.max(0, at - startedAt));
  const progress = share === undefined ? '' : `${bar(share, 5)} ${Math.round(100 * share)} %`;
  return [name, String(id), workerId === undefined ? '' : String(workerId), since, String(attempts), progress];
}

function taskRows(tasks: readonly TopTask[]): Table {
  const busiest = [...tasks].sort((a, b) => b.completed + b.failed - (a.completed + a.failed));
  return {
    head: ['completed', 'failed', 'p50', 'p99'],
    rows: busiest.map(({ task, completed, failed, executionMs: { count, p50, p99 } }) => [
      task,
      countText(completed),
      countText(failed),
      count === 0 ? '-' : timeText(p50),
      count === 0 ? '-' : timeText(p99),
    ]),
    marked: -1,
    more: 0,
  };
}

/** A pool in one line, for output that is not a terminal. */
export function lineOf(pool: TopPool): string {
  const { name, state, active, queued, held, point, failed, workers, maxWorkers, queuedMs, executionMs } = pool;
  const busy = workers.filter(({ state: of }) => of === 'busy').length;
  const parts = [
    `${active} active`,
    `${queued} queued`,
    `${held} held`,
    rateText(point.throughput),
    `${failed} failed`,
    `workers ${busy}/${maxWorkers}`,
    `wait p99 ${timeText(queuedMs.p99)}`,
    `run p99 ${timeText(executionMs.p99)}`,
  ];
  return fitLine(`${name} ${state}: ${parts.join(', ')}`);
}

const LONGEST_LINE = 400;

function fitLine(text: string): string {
  return toCells(text, LONGEST_LINE).trimEnd();
}
