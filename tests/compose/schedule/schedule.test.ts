import { describe, expect, test } from '@jest/globals';
import { PoolClosedError, type Schedule, type ScheduleOptions, ThreadPool } from 'thread-system';
import { Gate, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

const HOUR = 3_600_000;

/** Resolves once another schedule of that rate has run so often: by then, one that is due has run too. */
async function pass(count: number, everyMs: number): Promise<void> {
  await using pool = new ThreadPool({ kind: 'inline', maxWorkers: 1 });
  const clock = pool.schedule(() => {}, [], { everyMs });
  await until(() => clock.runs >= count);
}

describe('a schedule', () => {
  test('runs its task again and again, with its options, until it is cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const schedule = pool.schedule(tasks.echo, ['tick'], { everyMs: 2, name: 'ticker', priority: 4 });
    expect(schedule.job).toBeUndefined();
    expect(schedule.next).toBeInstanceOf(Date);
    expect(pool.schedules).toEqual([schedule]);
    await until(() => schedule.runs >= 3);
    schedule.cancel();
    const { runs, job } = schedule;
    expect(await job).toBe('tick');
    expect(job).toMatchObject({ name: 'ticker', priority: 4 });
    expect(schedule.next).toBeUndefined();
    expect(pool.schedules).toEqual([]);
    await pass(3, 2);
    schedule.resume();
    expect(schedule.runs).toBe(runs);
    expect(pool.metrics().completed).toBe(runs);
  });

  test('goes on after a run that failed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    pool.on('jobFailed', () => {});
    const schedule = pool.schedule(tasks.fail, ['no'], { everyMs: 2 });
    await until(() => pool.metrics().failed >= 2);
    schedule.cancel();
  });

  test("'skip' leaves out what is due while the last run has not settled", async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = new Gate();
    const schedule = pool.schedule(tasks.hold, [gate.words], { everyMs: 2 });
    await gate.reachedBy(1);
    await pass(5, 2);
    expect(schedule.runs).toBe(1);
    gate.open();
    await until(() => schedule.runs >= 2);
    schedule.cancel();
  });

  test("'queue' submits what was due once the run before it has settled", async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = new Gate();
    let most = 0;
    pool.on('jobStarted', () => {
      most = Math.max(most, pool.metrics().active + pool.metrics().pending);
    });
    const schedule = pool.schedule(tasks.hold, [gate.words], { everyMs: 2, overlap: 'queue' });
    await gate.reachedBy(1);
    await pass(10, 2);
    expect(schedule.runs).toBe(1);
    gate.open();
    await until(() => schedule.runs >= 4);
    schedule.cancel();
    await pool.waitAll();
    expect(most).toBe(1);
  });

  test("'allow' runs them side by side", async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = new Gate();
    const schedule = pool.schedule(tasks.hold, [gate.words], { everyMs: 2, overlap: 'allow' });
    await gate.reachedBy(2);
    schedule.cancel();
    gate.open();
  });

  test('makes up for nothing that was missed while the main thread was busy', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const schedule = pool.schedule(tasks.echo, [1], { everyMs: 20, overlap: 'allow' });
    const end = performance.now() + 200;
    while (performance.now() < end);
    await new Promise((resolve) => setImmediate(resolve));
    await until(() => schedule.runs > 0);
    expect(schedule.runs).toBe(1);
    schedule.cancel();
  });

  test('paused, has no next run, and then goes on with the time that is to come', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (const options of [{ everyMs: HOUR }, { cron: '0 0 1 1 *' }]) {
      const schedule = pool.schedule(tasks.echo, [1], options);
      const { next } = schedule;
      for (let i = 0; i < 3; i++) {
        schedule.pause();
        expect(schedule.next).toBeUndefined();
        schedule.resume();
        schedule.resume();
        expect(schedule.next).toEqual(next);
      }
      schedule.cancel();
    }
  });

  test('paused, runs nothing, not what was queued before either', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const schedule = pool.schedule(tasks.hold, [gate.words], { everyMs: 2, overlap: 'queue' });
    await gate.reachedBy(1);
    await pass(5, 2);
    schedule.pause();
    gate.open();
    await pool.waitAll();
    await pass(5, 2);
    expect(schedule.runs).toBe(1);
    schedule.resume();
    await until(() => schedule.runs > 1);
    schedule.cancel();
  });

  test('takes times far past 2^31 ms, and does not run at once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const startAt = Date.now() + 2 ** 40;
    const schedules = [
      pool.schedule(tasks.echo, [1], { everyMs: 2 ** 40 }),
      pool.schedule(tasks.echo, [1], { everyMs: 5, startAt }),
      pool.schedule(tasks.echo, [1], { cron: '* * * * * *', startAt: new Date(startAt) }),
    ];
    await pass(5, 2);
    for (const schedule of schedules) {
      expect(schedule.runs).toBe(0);
      expect(Math.abs(Number(schedule.next) - startAt)).toBeLessThan(10_000);
    }
  });

  test('of cron is due by the wall clock of its time zone', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const nextOf = (startAt: string, cron: string, timeZone: string): string | undefined =>
      pool.schedule(tasks.echo, [1], { cron, timeZone, startAt: new Date(startAt) }).next?.toISOString();
    expect(nextOf('2090-01-15T00:00:00Z', '30 8 * * *', 'Europe/Berlin')).toBe('2090-01-15T07:30:00.000Z');
    expect(nextOf('2090-07-15T00:00:00Z', '30 8 * * *', 'Europe/Berlin')).toBe('2090-07-15T06:30:00.000Z');
    expect(nextOf('2090-01-15T00:00:00Z', '30 8 * * *', 'Asia/Tokyo')).toBe('2090-01-15T23:30:00.000Z');
    expect(nextOf('2090-01-15T07:30:00Z', '30 8 * * *', 'Europe/Berlin')).toBe('2090-01-15T07:30:00.000Z');
    expect(nextOf('2090-01-15T07:30:01Z', '15 30 8 * * *', 'UTC')).toBe('2090-01-15T08:30:15.000Z');
  });

  test('that has no time left has ended', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(pool.schedule(tasks.echo, [1], { cron: '0 0 30 2 *' }).next).toBeUndefined();
    expect(pool.schedules).toEqual([]);
  });

  test('ends with its pool, whatever the mode, also while runs are queued', async () => {
    for (const mode of ['drain', 'finishRunning', 'abort'] as const) {
      const pool = new ThreadPool({ maxWorkers: 1 });
      using gate = new Gate();
      const schedule = pool.schedule(tasks.hold, [gate.words], { everyMs: 2, overlap: 'queue' });
      await gate.reachedBy(1);
      await pass(5, 2);
      const end = pool.shutdown({ mode });
      expect(schedule.next).toBeUndefined();
      expect(pool.schedules).toEqual([]);
      gate.open();
      const { completed, cancelled } = await end;
      expect(completed + cancelled).toBe(1);
      expect(() => pool.schedule(tasks.echo, [1], { everyMs: 2 })).toThrow(PoolClosedError);
    }
  });

  test('whose run waits in a pool that is aborted does not go on', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    const schedule = pool.schedule(tasks.echo, [1], { everyMs: 2, overlap: 'queue' });
    await until(() => schedule.runs === 1);
    await pass(5, 2);
    expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 0, cancelled: 1 });
    expect(schedule.runs).toBe(1);
  });
});

describe('the process', () => {
  test('stays for a schedule, and with unref() does not', async () => {
    const text = (more: string): string => `
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      const schedule = pool.schedule(() => 1, [], { everyMs: 3_600_000 });
      process.on('exit', () => console.log('exit', schedule.runs, pool.schedules.length));
      ${more}`;
    const ended = { code: 0, stdout: 'exit 0 1\n', stderr: '' };
    expect(await runProgram(text('schedule.unref();'))).toMatchObject(ended);
    expect(await runProgram(text('schedule.unref().ref().unref();'))).toMatchObject(ended);
    expect(await runProgram(text('schedule.pause();'))).toMatchObject(ended);
    const cancelled = text('setTimeout(() => { console.log("stays"); schedule.cancel(); }, 50).unref();');
    expect(await runProgram(cancelled)).toMatchObject({ code: 0, stdout: 'stays\nexit 0 0\n' });
  });
});

test.each<[ScheduleOptions | undefined, string]>([
  [undefined, 'options must be an object, received undefined'],
  [{}, 'it needs everyMs or cron, and not both'],
  [{ everyMs: 5, cron: '* * * * *' }, 'it needs everyMs or cron, and not both'],
  [{ everyMs: 0 }, 'everyMs must be more than 0 milliseconds, received 0'],
  [{ everyMs: -1 }, 'everyMs must be 0 or more milliseconds, received -1'],
  [{ everyMs: '5' as never }, "everyMs must be a number of milliseconds, received '5'; write 5 without quotes"],
  [{ cron: 'x' }, "cron must be a valid expression, received 'x'"],
  [{ cron: '61 * * * *' }, "cron must be a valid expression, received '61 * * * *'"],
  [{ cron: 5 as never }, 'cron must be a string, received 5'],
  [{ cron: '* * * * *', timeZone: 'Mars/Base' }, "received '* * * * *' in time zone 'Mars/Base'"],
  [{ cron: '* * * * *', timeZone: 5 as never }, 'timeZone must be a string, received 5'],
  [{ everyMs: 5, timeZone: 'UTC' }, 'timeZone is for cron'],
  [{ everyMs: 5, overlap: 'x' as never }, "overlap must be one of skip, queue, allow, received 'x'"],
  [{ everyMs: 5, startAt: 'noon' as never }, "startAt must be a Date or ms since 1970, received 'noon'"],
  [{ everyMs: 5, key: 'k' } as never, "there is no option 'key'"],
])('%p is refused', async (options, message) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const make = (): Schedule => pool.schedule(tasks.echo, [1], options as ScheduleOptions);
  expect(make).toThrow('Cannot schedule a task: ');
  expect(make).toThrow(message);
  expect(pool.schedules).toEqual([]);
});

test('a bad call is refused at once', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(() => pool.schedule(5 as never, [] as never, { everyMs: 5 })).toThrow('received 5');
  expect(() => pool.schedule(tasks.echo, 5 as never, { everyMs: 5 })).toThrow(
    'args must be an array, received 5; write the list of the arguments, such as [x, y]',
  );
  expect(() => pool.schedule(tasks.echo, [1], { everyMs: 5, timeoutMs: -1 })).toThrow('timeoutMs');
  expect(pool.schedules).toEqual([]);
});
