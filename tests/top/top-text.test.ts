import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { painter, timeText, toCells } from '../../build/top/cells.js';
import type { TopPool } from '../../build/top/top-pool.js';
import { drawTop, lineOf } from '../../build/top/top-text.js';

const times = { count: 3, p50: 1.5, p90: 20, p99: 1_500 };

function poolOf(more: Partial<TopPool> = {}): TopPool {
  return {
    name: 'main',
    state: 'open',
    uptimeMs: 61_000,
    completed: 1_234_567,
    failed: 2,
    cancelled: 1,
    active: 1,
    held: 3,
    queued: 20,
    oldestMs: 12,
    point: { throughput: 1_000, failures: 0.5 },
    queuedMs: times,
    executionMs: { count: 0, p50: 0, p90: 0, p99: 0 },
    maxWorkers: 4,
    workers: [
      { id: 0, state: 'busy', jobs: 1, load: 1, utilization: 0.2 },
      { id: 1, state: 'idle', jobs: 1, utilization: 0.5 },
    ],
    running: [{ id: 7, name: 'resize a.png', attempts: 1, workerId: 0, startedAt: 1_000, share: 0.5 }],
    moreRunning: 0,
    tasks: [{ task: 'resize', completed: 5, failed: 1, executionMs: times }],
    ...more,
  };
}

const draw = (pool: TopPool, { columns = 100, rows = 40, isColoured = false } = {}): string[] =>
  drawTop(
    { at: 3_500, pools: [pool] },
    { columns, rows, paint: painter(isColoured), pool: 0, selected: 0, notice: '', canCancel: true },
  );

describe('a frame of top', () => {
  test('shows counts, times, workers, running jobs and tasks', () => {
    expect(draw(poolOf()).map((line) => line.trimEnd())).toEqual(
      [
        'main   open   up 1 min 1 s   1 of 4 workers busy',
        'settled  1,000/s   1,234,567 completed   2 failed, 0.5/s   1 cancelled',
        'now      1 active   20 queued   3 held   next has waited 12 ms',
        'waits    p50 1.5 ms   p90 20 ms   p99 1.5 s',
        'runs     -',
        '',
        '    0 ██████████ 100 % busy           1 █████░░░░░  50 % idle',
        '',
        'RUNNING                                          job      worker       since     attempt    progress',
        'resize a.png                                       7           0       2.5 s           1  ███░░ 50 %',
        '',
        'TASKS                                                  completed      failed         p50         p99',
        'resize                                                         5           1      1.5 ms       1.5 s',
        'q quit   ↑↓ select   c cancel',
      ].map((line) => line.slice(0, 100)),
    );
  });

  test('fits into any terminal, whatever names there are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.string({ unit: 'grapheme' }),
        (columns, rows, name) => {
          const pool = poolOf({
            name,
            running: [{ id: 1, name, attempts: 1 }],
            tasks: [{ task: name, completed: 0, failed: 0, executionMs: times }],
          });
          const lines = draw(pool, { columns, rows });
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect([...line.replace(/\p{M}/gu, '')].length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test('obeys no foreign text', () => {
    const name = '\x1b[2J\x1b]0;title\x07\r\n\u202eevil\u2028';
    const text = draw(poolOf({ name, running: [{ id: 1, name, attempts: 1 }] })).join('');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    expect(lineOf(poolOf({ name }))).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });

  test('is the same with colours, and without', () => {
    const coloured = draw(poolOf(), { isColoured: true });
    expect(coloured.join()).toContain('\x1b[');
    expect(coloured.map(stripVTControlCharacters)).toEqual(draw(poolOf()));
  });
});

test('text is cut or filled up to a number of cells', () => {
  expect(toCells('abc', 5)).toBe('abc  ');
  expect(toCells('abc', 5, 'right')).toBe('  abc');
  expect(toCells('abcdef', 4)).toBe('abc…');
  expect(toCells('漢字漢字', 5)).toBe('漢字…');
  expect(toCells('漢字漢字', 4)).toBe('漢… ');
  expect(toCells('', 2)).toBe('  ');
  expect(toCells('a', 0)).toBe('');
});

test('a time has a unit that fits', () => {
  expect([0.123, 1.23, 12.3, 1_234, 61_000, 3_600_000].map(timeText)).toEqual([
    '0.12 ms',
    '1.2 ms',
    '12 ms',
    '1.2 s',
    '1 min 1 s',
    '1 h 0 min',
  ]);
});
