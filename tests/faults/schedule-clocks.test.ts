import { afterEach, expect, test } from '@jest/globals';
import { type Schedule, ThreadPool } from 'thread-system';
import { until } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

const RealDate = Date;

afterEach(() => {
  globalThis.Date = RealDate;
});

/** From now on the wall clock shows what `at` says. */
function setClock(at: (realMs: number) => number): void {
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number]) {
      super(...((args.length === 0 ? [at(RealDate.now())] : args) as [number]));
    }

    static override now(): number {
      return at(RealDate.now());
    }
  } as DateConstructor;
}

async function goesOn(schedule: Schedule, runs = 3): Promise<void> {
  const before = schedule.runs;
  await until(() => schedule.runs >= before + runs);
}

test.each<[string, (realMs: number) => number]>([
  ['is set back by an hour', (ms) => ms - 3_600_000],
  ['is set forward by a day', (ms) => ms + 86_400_000],
  ['stands still', () => 1_000_000_000_000],
  ['is no number', () => Number.NaN],
])('a schedule at a fixed rate goes on when the wall clock %s', async (_name, at) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const before = pool.schedule(tasks.echo, [1], { everyMs: 5 });
  await goesOn(before, 1);
  setClock(at);
  const after = pool.schedule(tasks.echo, [1], { everyMs: 5 });
  await Promise.all([goesOn(before), goesOn(after)]);
  before.pause();
  before.resume();
  await goesOn(before);
});

test('it does not run more often than its rate allows when the clock is set forward', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const schedule = pool.schedule(tasks.echo, [1], { everyMs: 3_600_000 });
  setClock((ms) => ms + 7_200_000);
  await pool.submit(tasks.add, [1, 2]);
  expect(schedule.runs).toBe(0);
  expect(Number(schedule.next) - Date.now()).toBeGreaterThan(3_500_000); // by the clock as it is now
});

test('its first run is at startAt, by the clock at the call', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const schedule = pool.schedule(tasks.echo, [1], { everyMs: 3_600_000, startAt: Date.now() + 20 });
  setClock((ms) => ms - 3_600_000);
  await goesOn(schedule, 1);
  expect(pool.schedule(tasks.echo, [1], { everyMs: 5, startAt: Number.POSITIVE_INFINITY }).next).toBeUndefined();
});

test('a cron schedule follows the wall clock', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  setClock(() => RealDate.UTC(2030, 0, 1, 11, 59, 30));
  const schedule = pool.schedule(tasks.echo, [1], { cron: '0 12 * * *', timeZone: 'UTC' });
  expect(schedule.next?.toISOString()).toBe('2030-01-01T12:00:00.000Z');
});

test('delays and time limits do not follow it', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const delayed = pool.submit(tasks.echo, [1], { delayMs: 30 });
  const limited = pool.submit(tasks.spin, [], { timeoutMs: 30 });
  const late = pool.submit(tasks.echo, [1], { delayMs: 3_600_000, deadline: new Date(Date.now() + 30) });
  setClock((ms) => ms - 3_600_000);
  late.catch(() => {}); // looked at below
  expect(await delayed).toBe(1);
  await expect(limited).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
  await expect(late).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
});
