import { describe, expect, test } from '@jest/globals';
import { CancellationToken, PoolClosedError, ThreadPool } from 'thread-system';
import { Gate, occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

const none = { submitted: 0, completed: 0, failed: 0, cancelled: 0, active: 0, pending: 0 };

describe('a group', () => {
  test('counts its jobs and those of its child groups, and no others', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('all');
    const part = group.group('part');
    expect(group.stats()).toEqual(none);
    expect(Object.isFrozen(group.stats())).toBe(true);
    using gate = await occupy(pool);
    group.submitMany(tasks.echo, [[1], [2]]);
    part.submit(tasks.fail, ['no']);
    part.submit(tasks.echo, [3]).cancel();
    expect(group.stats()).toEqual({ ...none, submitted: 4, cancelled: 1, pending: 3 });
    expect(part.stats()).toEqual({ ...none, submitted: 2, cancelled: 1, pending: 1 });
    gate.open();
    await group.waitAll();
    expect(group.stats()).toEqual({ ...none, submitted: 4, completed: 2, failed: 1, cancelled: 1 });
    expect(pool.metrics().submitted).toBe(5);
  });

  test('forgets the jobs that were cancelled while they waited for a turn', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g', { concurrency: 1 });
    using gate = new Gate();
    const first = group.submit(tasks.hold, [gate.words, 7]);
    await gate.reachedBy(1);
    const cancelled = group.submitMany(
      tasks.echo,
      Array.from({ length: 1000 }, (_, i) => [i] as const),
    );
    const last = group.submit(tasks.echo, [-1], { priority: -1 });
    for (const job of cancelled) job.cancel();
    gate.open();
    expect(await Promise.all([first, last])).toEqual([7, -1]);
    expect(group.stats()).toMatchObject({ completed: 2, cancelled: 1000 });
  });

  test.each([[0], [1.5], [Number.NaN], ['2'], [null], [Number.POSITIVE_INFINITY]])(
    'refuses a concurrency of %p',
    (bad) => {
      const pool = new ThreadPool({ maxWorkers: 1 });
      expect(() => pool.group('g', { concurrency: bad as number })).toThrow(
        /^Cannot make a group: concurrency must be a whole number/,
      );
      return pool.shutdown();
    },
  );

  test('tells which of its jobs run', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    using gate = new Gate();
    group.submitMany(tasks.hold, [[gate.words], [gate.words]]);
    await gate.reachedBy(1);
    expect(group.stats()).toEqual({ ...none, submitted: 2, active: 1, pending: 1 });
    gate.open();
    await group.waitAll();
    expect(group.stats()).toEqual({ ...none, submitted: 2, completed: 2 });
  });

  test('cancels its jobs, those of its child groups and those to come, and no others', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const group = pool.group('g');
    const [own, nested] = [group.submit(tasks.echo, [1]), group.group('part').submit(tasks.echo, [2])];
    const other = pool.submit(tasks.echo, [3]);
    group.cancel('enough');
    expect([own, nested, group.submit(tasks.echo, [4])].map(({ state }) => state)).toEqual(Array(3).fill('CANCELLED'));
    expect(own.error).toMatchObject({ reason: 'enough' });
    gate.open();
    expect(await other).toBe(3);
  });

  test('of a child group that is cancelled, its parent goes on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    const part = group.group('part');
    part.cancel();
    expect(part.submit(tasks.echo, [1]).state).toBe('CANCELLED');
    expect(await group.submit(tasks.echo, [2])).toBe(2);
    expect(group.token.isCancelled).toBe(false);
  });

  test('does not cancel the token that a job was given, which cancels the job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const [first, second] = [new CancellationToken(), new CancellationToken()];
    const group = pool.group('g');
    const jobs = [first, second].map((token) => group.submit(tasks.echo, [1], { token }));
    first.cancel('alone');
    expect(jobs.map(({ state }) => state)).toEqual(['CANCELLED', 'PENDING']);
    group.cancel();
    expect(jobs[1]?.state).toBe('CANCELLED');
    expect(second.isCancelled).toBe(false);
    gate.open();
  });

  test('a job that fails stops no other', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    const failing = group.submit(tasks.fail, ['no']);
    const good = group.submit(tasks.echo, [1]);
    await group.waitAll();
    expect([failing.state, good.state]).toEqual(['FAILED', 'COMPLETED']);
  });

  test('waits for jobs that are submitted while it waits, in child groups too', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    using gate = await occupy(pool);
    const first = group.submit(tasks.echo, [1]);
    const waiting = group.waitAll();
    void first.then(() => group.group('late').submit(tasks.echo, [2]));
    gate.open();
    await waiting;
    expect(group.stats()).toMatchObject({ submitted: 2, completed: 2 });
  });

  test('waits at the end of its block, and takes no more, nor do the groups in it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const left = pool.group('g');
    const part = left.group('part');
    {
      await using group = left;
      part.submit(tasks.echo, [2]);
      group.submit(tasks.echo, [1]);
    }
    expect(left.stats()).toMatchObject({ submitted: 2, completed: 2 });
    expect(() => left.submit(tasks.echo, [3])).toThrow(new PoolClosedError("Cannot submit to group 'g': it has ended"));
    expect(() => left.group('more')).toThrow(PoolClosedError);
    expect(() => part.submit(tasks.echo, [3])).toThrow(
      "Cannot submit to group 'part': group 'g', which it is in, has ended",
    );
    expect(() => part.submitMany(tasks.echo, [])).toThrow(PoolClosedError);
  });

  test('keeps the counts of child groups that have ended, and of those within', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    {
      await using part = group.group('part');
      part.group('leaf').submit(tasks.echo, [1]);
      part.submit(tasks.fail, ['no']);
    }
    expect(group.stats()).toEqual({ ...none, submitted: 2, completed: 1, failed: 1 });
  });

  test('submits none of a list of which one is bad', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    expect(() => group.submitMany(tasks.echo, [[1], 2 as never])).toThrow('args must be an array, received 2');
    expect(() => group.submitMany(tasks.echo, 5 as never)).toThrow('listOfArgs must be iterable, received 5');
    expect(group.stats()).toEqual(none);
    expect(pool.metrics().submitted).toBe(0);
  });

  test('refuses a bad name, and bad options of its jobs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const message = "Cannot make a group: name must be a string that is not empty, received ''";
    expect(() => pool.group('')).toThrow(new TypeError(message));
    const group = pool.group('g');
    expect(() => group.group(5 as never)).toThrow('received 5');
    expect(() => group.submit(tasks.echo, [1], { token: 5 as never })).toThrow('token must be a CancellationToken');
    expect(() => group.submit(tasks.echo, [1], { prioity: 1 } as never)).toThrow("there is no option 'prioity'");
    expect(group.stats()).toEqual(none);
  });

  test('of a pool that is shut down takes no job', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    const group = pool.group('g');
    await pool.shutdown();
    expect(() => group.submit(tasks.echo, [1])).toThrow(PoolClosedError);
    await group.waitAll();
  });
});
