import { describe, expect, test } from '@jest/globals';
import { JobPriority, ThreadPool } from 'thread-system';
import { Gate, occupy, until } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { tasks } from '../../support/tasks.ts';

const { LOWEST, LOW, NORMAL, HIGH, HIGHEST } = JobPriority;

/** Submits a noting job per priority while the pool's one worker is busy, and tells in which order they ran. */
async function orderOf(priorities: readonly number[]): Promise<number[]> {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupy(pool);
  const log = new OrderLog(priorities.length);
  for (const [index, priority] of priorities.entries()) pool.submit(tasks.note, [log.words, index], { priority });
  gate.open();
  await pool.waitAll();
  return log.values;
}

describe('priority', () => {
  test('a higher one runs first, equals in the order of submission', async () => {
    expect(await orderOf([LOWEST, NORMAL, HIGHEST, LOW, HIGH, NORMAL, HIGHEST])).toEqual([2, 6, 4, 1, 5, 3, 0]);
  });

  test('any finite number is one', async () => {
    expect(await orderOf([-1e9, 0.5, 1e300, 0.25, -0.5])).toEqual([2, 1, 3, 4, 0]);
  });

  test('front goes ahead of equals, the last such first', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const log = new OrderLog(6);
    pool.submit(tasks.note, [log.words, 0]);
    pool.submit(tasks.note, [log.words, 1], { front: true });
    pool.submit(tasks.note, [log.words, 2], { priority: HIGH });
    pool.submit(tasks.note, [log.words, 3], { front: true });
    pool.submit(tasks.note, [log.words, 4], { priority: HIGH, front: true });
    gate.open();
    await pool.waitAll();
    expect(log.values).toEqual([4, 2, 3, 1, 0]);
  });

  test('setPriority moves a pending job to where it would have been', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const { jobs } = gate;
    const log = new OrderLog(5);
    const noting = pool.submitMany(
      tasks.note,
      [0, 1, 2, 3].map((index) => [log.words, index] as const),
      { priority: LOW },
    );
    const high = pool.submit(tasks.note, [log.words, 4], { priority: HIGH });
    expect(noting[2]?.setPriority(HIGH)).toBe(true);
    expect(noting[2]?.priority).toBe(HIGH);
    expect(high.setPriority(LOWEST)).toBe(true);
    expect(jobs[0]?.setPriority(HIGH)).toBe(false);
    gate.open();
    await pool.waitAll();
    expect(log.values).toEqual([2, 0, 1, 3, 4]);
    expect(noting[0]?.setPriority(HIGH)).toBe(false);
    expect(pool.metrics().byPriority).toMatchObject({ [HIGH]: { completed: 1 }, [LOWEST]: { completed: 1 } });
  });

  test('a HIGHEST job overtakes jobs already sent ahead to the thread', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(2201);
    // runs that teach the pool how short these jobs are, some 20 us, so that it sends many of them ahead
    for (let i = 0; i < 200; i++) pool.submit(tasks.noteSlowly, [log.words, -1]);
    await pool.waitAll();
    const low = Array.from({ length: 2000 }, (_, i) =>
      pool.submit(tasks.noteSlowly, [log.words, i], { priority: LOWEST }),
    );
    await until(() => low[0]?.state !== 'PENDING');
    const urgent = pool.submit(tasks.note, [log.words, 9999], { priority: HIGHEST });
    await urgent;
    expect(log.values.indexOf(9999) - 200).toBeLessThan(1000);
    await pool.waitAll();
    // what was taken back found its place again
    expect(log.values.slice(200).filter((value) => value !== 9999)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  test('a job raised after it was sent ahead overtakes those sent before it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(2000);
    for (let i = 0; i < 500; i++) pool.submit(tasks.note, [log.words, -1]);
    for (let round = 0; round < 20; round++) {
      await pool.waitAll();
      using gate = new Gate();
      // known to be short, so that others are sent ahead behind it
      for (let i = 0; i < 50; i++) pool.submit(tasks.hold, [new Int32Array([1, 0])]).catch(() => {});
      await pool.waitAll();
      const before = log.values.length;
      pool.submit(tasks.hold, [gate.words]);
      const jobs = Array.from({ length: 10 }, (_, i) => pool.submit(tasks.note, [log.words, i]));
      await gate.reachedBy(1);
      jobs[9]?.setPriority(10);
      await Promise.resolve(); // lets it out
      gate.open();
      await pool.waitAll();
      expect(log.values.slice(before)).toEqual([9, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });

  test('equals run in order although one of two workers is stuck', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    for (let i = 0; i < 500; i++) pool.submit(tasks.many, [i]);
    await pool.waitAll();
    using gate = await occupy(pool);
    const log = new OrderLog(1000);
    const jobs = Array.from({ length: 1000 }, (_, i) => pool.submit(tasks.note, [log.words, i]));
    await Promise.all(jobs);
    expect(log.values).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    gate.open();
  });

  test('equals run in order although both workers have just begun jobs of unknown length', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const log = new OrderLog(2000);
    for (let i = 0; i < 500; i++) pool.submit(tasks.note, [log.words, -1]);
    await pool.waitAll();
    for (let round = 0; round < 10; round++) {
      using long = new Gate();
      using short = new Gate();
      const before = log.values.length;
      for (const [index, gate] of [long, short].entries()) {
        // made anew, each for itself, so that nothing is known of how long it takes, also once the other has ended
        const hold = new Function(
          'words',
          `Atomics.add(words, 1, 1); Atomics.wait(words, 0, 0); return '${round} ${index}';`,
        );
        pool.submit(hold as (words: Int32Array) => string, [gate.words]);
      }
      await Promise.all([long.reachedBy(1), short.reachedBy(1)]);
      const jobs = Array.from({ length: 10 }, (_, i) => pool.submit(tasks.note, [log.words, i]));
      await Promise.resolve(); // lets them out
      short.open();
      await Promise.all(jobs);
      expect(log.values.slice(before)).toEqual([...jobs.keys()]);
      long.open();
    }
  });

  test('a job with a signal keeps its priority', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const log = new OrderLog(3);
    const { signal } = new AbortController();
    pool.submit(tasks.note, [log.words, 0], { signal, priority: LOW });
    pool.submit(tasks.note, [log.words, 1], { signal, priority: HIGH });
    pool.submit(tasks.note, [log.words, 2], { priority: NORMAL });
    gate.open();
    await pool.waitAll();
    expect(log.values).toEqual([1, 2, 0]);
  });
});

test('as many different priorities as jobs are in order, too, and cost no more', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const count = 100_000;
  pool.pause();
  const log = new OrderLog(count);
  for (let i = 0; i < count; i++) pool.submit(tasks.note, [log.words, i], { priority: (i * 7919) % count });
  pool.resume();
  await pool.waitAll();
  expect(log.values).toEqual(
    Array.from({ length: count }, (_, i) => i).sort((a, b) => ((b * 7919) % count) - ((a * 7919) % count)),
  );
});

describe('no worker is idle while a job may run', () => {
  test('a long job beside short ones delays none that another worker could run', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    for (let i = 0; i < 500; i++) pool.submit(tasks.many, [i]);
    await pool.waitAll();
    using gate = new Gate();
    const long = pool.submit(tasks.hold, [gate.words]);
    const short = Array.from({ length: 300 }, (_, i) => pool.submit(tasks.many, [i]));
    await Promise.all(short); // although the gate is still shut
    await gate.reachedBy(1);
    expect(long.state).toBe('RUNNING');
    gate.open();
  });

  test('what was sent to one worker is shared with another that is idle', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = await occupy(pool, 2);
    const { jobs } = gate;
    const waiting = pool.submitMany(tasks.echo, [[1], [2]]);
    gate.open();
    await Promise.all([...jobs, ...waiting]);
    using again = await occupy(pool, 2);
    const [first, second] = again.jobs;
    expect([first?.state, second?.state]).toEqual(['RUNNING', 'RUNNING']);
    expect(first?.workerId).not.toBe(second?.workerId);
  });
});
