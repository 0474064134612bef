import type { AttemptRow, FailureRow, GroupRow, HostRow, ScheduleRow, TaskRow } from '../messages.js';
import { button, el, type Kept, KeyedList, section, setText } from './dom.js';
import { ago, clock, count, ms, percent, rate } from './format.js';
import type { PoolSection } from './job-sections.js';
import type { PageActions } from './page-actions.js';
import { Table } from './table.js';

interface RatedTask extends TaskRow {
  readonly settled: number;
  readonly rate: number;
}

/** Counts and times by task. */
export function tasksSection(): PoolSection {
  const { root, head } = section('Tasks', { class: 'wide' });
  const input = el('input', { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter tasks by name' });
  head.append(el('span', { class: 'end' }, input));
  const number = (title: string, sort: (row: RatedTask) => number, text: (value: number) => string) => ({
    ...{ title, isNumber: true, sort },
    text: (row: RatedTask) => text(sort(row)),
  });
  const table = new Table<RatedTask>({
    label: 'Tasks',
    empty: 'No task.',
    keyOf: ({ task }) => task,
    columns: [
      { title: 'Task', text: ({ task }) => task, sort: ({ task }) => task },
      number('Rate', ({ rate: value }) => value, rate),
      number('Submitted', ({ submitted }) => submitted, count),
      number('Completed', ({ completed }) => completed, count),
      number('Failed', ({ failed }) => failed, count),
      number('Error rate', ({ failed, settled }) => (settled === 0 ? 0 : failed / settled), percent),
      number('Cancelled', ({ cancelled }) => cancelled, count),
      number('Retried', ({ retried }) => retried, count),
      number('Timed out', ({ timedOut }) => timedOut, count),
      number('Waiting p50', ({ queuedMs }) => queuedMs.p50, ms),
      number('p99', ({ queuedMs }) => queuedMs.p99, ms),
      number('Running p50', ({ executionMs }) => executionMs.p50, ms),
      number('Running p99', ({ executionMs }) => executionMs.p99, ms),
      number('Longest', ({ executionMs }) => executionMs.max, ms),
    ],
  }).sortBy('Submitted');
  root.append(table.root);
  let rows: readonly RatedTask[] = [];
  const show = (): void => {
    const wanted = input.value.trim().toLowerCase();
    table.show(wanted === '' ? rows : rows.filter(({ task }) => task.toLowerCase().includes(wanted)));
  };
  input.addEventListener('input', show);
  return {
    root,
    show({ now, taskRates }) {
      rows = now.tasks.map((row) => ({
        ...row,
        settled: row.completed + row.failed + row.cancelled,
        rate: taskRates.get(row.task)?.settled ?? 0,
      }));
      show();
    },
  };
}

interface DetailDeps {
  readonly pool: string;
  readonly actions: PageActions;
  now(): number;
}

/** The last failures, with their stacks. */
export function failuresSection({ pool, actions, now }: DetailDeps): PoolSection {
  const { root, head } = section('Failures', { class: 'wide' });
  const codes = el('span', { class: 'soft' });
  const empty = el('p', { class: 'empty' }, 'No job has failed.');
  const list = el('div');
  head.append(codes);
  root.append(list, empty);
  const make = (first: FailureRow): Kept<FailureRow> => {
    let row = first;
    const title = el('strong');
    const when = el('span', { class: 'soft' });
    const facts = el('p', { class: 'soft' });
    const stack = el('pre', { tabindex: 0, role: 'group', 'aria-label': 'Stack' });
    const retry = button('Try again', () => void actions.retry(pool, row.jobId));
    const earlier = el('div');
    const attempts = new KeyedList<AttemptRow>(earlier, ({ attempt }) => `${row.jobId} ${attempt}`, attemptItem);
    const element = el('details', {}, el('summary', {}, title, ' ', when), facts, stack, earlier);
    if (actions.may('retry')) element.append(retry);
    return {
      element,
      update(next) {
        row = next;
        setText(title, `${row.count > 1 ? `${count(row.count)} × ` : ''}${row.task}: ${row.message}`);
        setText(when, `${row.code}, ${ago(row.lastAt, now())}`);
        setText(
          facts,
          `First at ${clock(row.firstAt)}, last at ${clock(row.lastAt)} by job ${row.jobId}, ${row.jobName}, after ${count(row.attempts)} attempt${row.attempts === 1 ? '' : 's'}${row.hostId === undefined ? '' : `, on host ${row.hostId}`}`,
        );
        setText(stack, row.stack ?? '');
        stack.hidden = row.stack === undefined;
        attempts.show(row.earlier ?? []);
        retry.disabled = !row.canRetry;
      },
    };
  };
  const rows = new KeyedList<FailureRow>(list, ({ task, message }) => `${task}\n${message}`, make);
  return {
    root,
    show({ now: { byError }, failures }) {
      const sorted = byError.toSorted((a, b) => b.count - a.count).slice(0, 8);
      setText(codes, sorted.map(({ code, count: number }) => `${count(number)} ${code}`).join(', '));
      rows.show(failures);
      empty.hidden = failures.length > 0;
    },
  };
}

/** A failed attempt that another followed: when, where and why, and its stack. */
function attemptItem({
  attempt,
  startedAt,
  executionMs,
  workerId,
  code,
  message,
  stack,
}: AttemptRow): Kept<AttemptRow> {
  const where = workerId === undefined ? '' : ` on worker ${workerId}`;
  const text = `Attempt ${attempt}, at ${clock(startedAt)}${where}, after ${ms(executionMs)}: ${code}: ${message}`;
  const element =
    stack === undefined
      ? el('p', {}, text)
      : el(
          'details',
          {},
          el('summary', {}, text),
          el('pre', { tabindex: 0, role: 'group', 'aria-label': `Stack of attempt ${attempt}` }, stack),
        );
  return { element, update: () => {} };
}

/** Schedules, with their next run. */
export function schedulesSection({ pool, actions, now }: DetailDeps): PoolSection {
  const { root } = section('Schedules');
  const table = new Table<ScheduleRow>({
    label: 'Schedules',
    empty: 'No schedule.',
    keyOf: ({ id }) => String(id),
    columns: [
      { title: 'Name', text: ({ name }) => name },
      { title: 'State', text: ({ state }) => state },
      { title: 'Next run', text: ({ next }) => (next === undefined ? '' : `${clock(next)}, ${ago(next, now())}`) },
      { title: 'Runs', isNumber: true, text: ({ runs }) => count(runs) },
      ...(actions.may('pause')
        ? [
            {
              title: 'Change',
              make: (cell: HTMLTableCellElement, first: ScheduleRow) => {
                let row = first;
                const toggle = button(
                  'Pause',
                  () => void actions.pauseOrResume(row.state === 'paused' ? 'resume' : 'pause', pool, row.id),
                );
                cell.append(toggle);
                return (next: ScheduleRow): void => {
                  row = next;
                  setText(toggle, row.state === 'paused' ? 'Resume' : 'Pause');
                  toggle.setAttribute('aria-label', `${toggle.textContent} schedule ${row.id}, ${row.name}`);
                };
              },
            },
          ]
        : []),
    ],
  });
  root.append(table.root);
  return { root, show: ({ now: { schedules } }) => table.show(schedules) };
}

/** Groups with unsettled jobs. */
export function groupsSection(): PoolSection {
  const { root } = section('Groups');
  const table = new Table<GroupRow & { readonly index: number }>({
    label: 'Groups',
    empty: 'No group has unsettled jobs.',
    keyOf: ({ name, index }) => `${index} ${name}`,
    columns: [
      { title: 'Group', text: ({ name }) => name },
      { title: 'Done', make: makeShare },
      { title: 'Unsettled', isNumber: true, text: ({ unsettled }) => count(unsettled) },
      { title: 'Completed', isNumber: true, text: ({ completed }) => count(completed) },
      { title: 'Failed', isNumber: true, text: ({ failed }) => count(failed) },
      { title: 'Cancelled', isNumber: true, text: ({ cancelled }) => count(cancelled) },
    ],
  });
  root.append(table.root);
  return { root, show: ({ now: { groups } }) => table.show(groups.map((group, index) => ({ ...group, index }))) };
}

function makeShare(cell: HTMLTableCellElement, { name }: GroupRow): (row: GroupRow) => void {
  const bar = el('progress', { max: 1, 'aria-label': `Settled jobs of group ${name}` });
  cell.append(bar);
  return ({ submitted, unsettled }) => {
    bar.value = submitted === 0 ? 0 : 1 - unsettled / submitted;
  };
}

/** The hosts of a cluster, with their last sign of life. */
export function hostsSection({ now }: Pick<DetailDeps, 'now'>): PoolSection {
  const { root } = section('Hosts', { class: 'wide' });
  const number = (title: string, text: (row: HostRow) => string) => ({ title, isNumber: true, text });
  const table = new Table<HostRow>({
    label: 'Hosts',
    empty: 'No host is there.',
    keyOf: ({ id }) => id,
    columns: [
      { title: 'Host', text: ({ id }) => id },
      { title: 'Last seen', text: ({ seenAt }) => ago(Math.min(seenAt, now()), now()) },
      number('Busy', ({ busy, workers }) => `${busy} of ${workers}`),
      number('Fetches ahead', ({ window }) => count(window)),
      number('Memory', ({ rss }) => `${Math.round(rss / 1e6)} MB`),
      number('Event loop late', ({ loopDelayMs }) => ms(loopDelayMs)),
      number('Jobs recovered', ({ recovered }) => count(recovered)),
    ],
  });
  root.append(table.root);
  return { root, show: ({ now: { hosts } }) => table.show(hosts ?? []) };
}

/** What can be recorded and saved. */
export function recordSection(pool: string, actions: PageActions, recordings: readonly string[]): PoolSection {
  const { root } = section('Record');
  const buttons = RECORDINGS.filter(({ route }) => recordings.includes(route)).map(({ route, title, what }) => {
    const record = async (): Promise<void> => {
      start.disabled = true;
      setText(start, `${what}: recording…`);
      await actions.download(route, { pool, ms: RECORD_MS }, what);
      setText(start, title);
      start.disabled = false;
    };
    const start = button(title, () => void record());
    return start;
  });
  root.append(el('div', { class: 'row' }, ...buttons));
  return { root, show: () => {} };
}

const RECORD_MS = 10_000;
const RECORDINGS = [
  { route: 'profile', title: 'CPU profile of 10 s', what: 'CPU profile' },
  { route: 'trace', title: 'Trace of 10 s', what: 'Trace' },
] as const;
