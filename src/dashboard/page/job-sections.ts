import type { RunningRow, WaitingRow } from '../messages.js';
import { button, el, section, setAttribute, setText } from './dom.js';
import { ago, count, ms, percent } from './format.js';
import type { PoolModel } from './model.js';
import type { PageActions } from './page-actions.js';
import { type Column, Table } from './table.js';

interface SectionDeps {
  readonly pool: string;
  readonly actions: PageActions;
  /** The server's clock. */
  now(): number;
}

/** A part of the page about one pool. */
export interface PoolSection {
  readonly root: HTMLElement;
  show(model: PoolModel): void;
}

/** Columns that running and waiting jobs have in common, if the dashboard shows arguments. */
function argsColumns<T extends { readonly args?: string }>(hasArgs: boolean): readonly Column<T>[] {
  return hasArgs ? [{ title: 'Arguments', text: ({ args }) => args ?? '' }] : [];
}

function cancelColumns<T extends { readonly id: number; readonly name: string }>({
  pool,
  actions,
}: SectionDeps): readonly Column<T>[] {
  if (!actions.may('cancel')) return [];
  return [
    {
      title: 'Cancel',
      make: (cell, { id, name }) => {
        cell.append(
          button('Cancel', () => void actions.cancel(pool, { id, name }), {
            'aria-label': `Cancel job ${id}, ${name}`,
          }),
        );
        return () => {};
      },
    },
  ];
}

/** Jobs that run, with their progress. */
export function runningSection(deps: SectionDeps): PoolSection {
  const { root, head } = section('Running', { class: 'wide' });
  const more = el('span', { class: 'soft' });
  head.append(more);
  const tables = byArgs<RunningRow>(
    (hasArgs) =>
      new Table<RunningRow>({
        label: 'Running jobs',
        empty: 'No job runs.',
        keyOf: ({ id, attempts }) => `${id}/${attempts}`,
        columns: [
          { title: 'Job', isNumber: true, text: ({ id }) => String(id) },
          { title: 'Name', text: ({ name }) => name },
          { title: 'Task', text: ({ task }) => task },
          ...argsColumns<RunningRow>(hasArgs),
          { title: 'Worker', isNumber: true, text: ({ workerId }) => (workerId === undefined ? '' : String(workerId)) },
          {
            title: 'For',
            isNumber: true,
            text: ({ startedAt }) => (startedAt === undefined ? '' : ms(Math.max(0, deps.now() - startedAt))),
          },
          { title: 'Progress', make: makeProgress },
          { title: 'Attempt', isNumber: true, text: ({ attempts }) => String(attempts) },
          { title: 'Priority', isNumber: true, text: ({ priority }) => String(priority) },
          ...cancelColumns<RunningRow>(deps),
        ],
      }),
    root,
  );
  return {
    root,
    show({ now: { running, moreRunning } }) {
      setText(more, moreRunning > 0 ? `and ${count(moreRunning)} more` : '');
      tables(running).show(running);
    },
  };
}

function makeProgress(cell: HTMLTableCellElement, { name }: RunningRow): (row: RunningRow) => void {
  const bar = el('progress', { max: 1, 'aria-label': `Progress of ${name}` });
  const text = el('span');
  cell.append(bar, ' ', text);
  return ({ share, report }) => {
    bar.hidden = share === undefined;
    if (share !== undefined) bar.value = share;
    setText(text, share === undefined ? (report ?? '') : percent(share));
    setAttribute(cell, 'title', report);
  };
}

/** Jobs that wait: by priority, and the first of them. */
export function waitingSection(deps: SectionDeps): PoolSection {
  const { root, head } = section('Waiting', { class: 'wide' });
  const oldest = el('span', { class: 'soft' });
  head.append(oldest);
  const byPriority = new Table<{ readonly priority: string; readonly unsettled: number; readonly most: number }>({
    label: 'Unsettled jobs by priority',
    empty: 'No job waits.',
    keyOf: ({ priority }) => priority,
    columns: [
      { title: 'Priority', isNumber: true, text: ({ priority }) => priority },
      { title: 'Waiting or running', isNumber: true, text: ({ unsettled }) => count(unsettled) },
      {
        title: '',
        make: (cell) => {
          const bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
          cell.append(bar);
          return ({ unsettled, most }) => {
            bar.style.width = `${Math.round((160 * unsettled) / most)}px`;
          };
        },
      },
    ],
  });
  byPriority.root.classList.add('narrow');
  const list = el('div');
  root.append(byPriority.root, list);
  const tables = byArgs<WaitingRow>(
    (hasArgs) =>
      new Table<WaitingRow>({
        label: 'The first waiting jobs',
        empty: '',
        keyOf: ({ id }) => String(id),
        columns: [
          { title: 'Job', isNumber: true, text: ({ id }) => String(id) },
          { title: 'Name', text: ({ name }) => name },
          { title: 'Task', text: ({ task }) => task },
          ...argsColumns<WaitingRow>(hasArgs),
          { title: 'Priority', isNumber: true, text: ({ priority }) => String(priority) },
          { title: 'Submitted', text: ({ submittedAt }) => ago(submittedAt, deps.now()) },
          { title: 'Held by', text: (row) => heldBy(row, deps.now()) },
          ...priorityColumns(deps),
          ...cancelColumns<WaitingRow>(deps),
        ],
      }),
    list,
  );
  return {
    root,
    show({ now: { byPriority: priorities, waiting, moreWaiting, queued, held, oldestMs } }) {
      setText(
        oldest,
        `${count(queued)} queued, ${count(held)} held${queued > 0 ? `; the next has waited ${ms(oldestMs)}` : ''}${moreWaiting > 0 ? `; ${count(moreWaiting)} are not listed` : ''}`,
      );
      const most = Math.max(1, ...priorities.map(({ unsettled }) => unsettled));
      byPriority.show(priorities.map((row) => ({ ...row, most })));
      tables(waiting).show(waiting);
    },
  };
}

function priorityColumns({ pool, actions }: SectionDeps): readonly Column<WaitingRow>[] {
  if (!actions.may('priority')) return [];
  return [
    {
      title: 'Change',
      make: (cell, first) => {
        let row = first;
        cell.append(
          button('Priority…', () => actions.askPriority(pool, row), {
            'aria-label': `Change the priority of job ${row.id}, ${row.name}`,
          }),
        );
        return (next) => {
          row = next;
        };
      },
    },
  ];
}

function heldBy({ held, until }: WaitingRow, now: number): string {
  if (held === 'delay') return until === undefined ? 'delay' : `delay, ${ago(until, now)}`;
  return held === undefined ? '' : HELD_BY[held];
}

const HELD_BY = { dependency: 'other jobs', retry: 'pause before another attempt' } as const;

/** Makes one table for rows without arguments, or one for rows with them, when the first rows are known. */
function byArgs<T extends { readonly args?: string }>(
  make: (hasArgs: boolean) => Table<T>,
  parent: HTMLElement,
): (rows: readonly T[]) => Table<T> {
  let table: { readonly hasArgs: boolean; readonly table: Table<T> } | undefined;
  return (rows) => {
    const hasArgs = rows.length === 0 ? (table?.hasArgs ?? false) : rows.some(({ args }) => args !== undefined);
    if (table === undefined || table.hasArgs !== hasArgs) {
      table?.table.root.remove();
      table = { hasArgs, table: make(hasArgs) };
      parent.append(table.table.root);
    }
    return table.table;
  };
}
