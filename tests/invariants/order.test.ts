import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Job, ThreadPool } from 'thread-system';
import { Gate, occupy, until } from '../support/gate.ts';
import { OrderLog } from '../support/order-log.ts';
import { tasks } from '../support/tasks.ts';

interface Entry {
  readonly job: Job;
  readonly index: number;
  readonly place: number;
  priority: number;
}

/** The order that I4 promises. */
function inOrder(entries: readonly Entry[]): number[] {
  return [...entries].sort((a, b) => b.priority - a.priority || a.place - b.place).map((entry) => entry.index);
}

const plan = fc.record({
  jobs: fc.array(fc.record({ priority: fc.integer({ min: 0, max: 4 }), front: fc.boolean(), dies: fc.boolean() }), {
    maxLength: 60,
  }),
  changes: fc.array(fc.record({ which: fc.nat(), priority: fc.integer({ min: 0, max: 4 }) }), { maxLength: 20 }),
  cancels: fc.array(fc.nat(), { maxLength: 10 }),
  isWarm: fc.boolean(),
});

test('I4: one worker runs by priority, equals by submission, through changes, cancels and crashes', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ jobs, changes, cancels, isWarm }) => {
      await using pool = new ThreadPool({ maxWorkers: 1 });
      pool.on('jobFailed', () => {});
      const log = new OrderLog(jobs.length + 300);
      if (isWarm) {
        // so that jobs are sent ahead in numbers, and taken back
        for (let i = 0; i < 300; i++) pool.submit(tasks.note, [log.words, -1]);
        await pool.waitAll();
      }
      using gate = await occupy(pool);
      const entries: Entry[] = [];
      let crashes = 0;
      for (const [index, { priority, front, dies }] of jobs.entries()) {
        const isCrash = dies && crashes++ < 3;
        const options = { priority, front };
        const job = isCrash
          ? pool.submit(tasks.exit, [1], options)
          : pool.submit(tasks.note, [log.words, index], options);
        entries.push({ job: job as Job, index: isCrash ? -2 : index, place: front ? -index - 1 : index, priority });
        if (index % 20 === 10) await Promise.resolve();
      }
      for (const { which, priority } of changes) {
        const entry = entries[which % Math.max(1, entries.length)];
        if (entry?.job.setPriority(priority)) entry.priority = priority;
      }
      const cancelled = new Set<Entry>();
      for (const which of cancels) {
        const entry = entries[which % Math.max(1, entries.length)];
        if (entry?.job.cancel()) cancelled.add(entry);
      }
      gate.open();
      await pool.waitAll();
      const expected = inOrder(entries.filter((entry) => !cancelled.has(entry))).filter((index) => index !== -2);
      expect(log.values.filter((value) => value >= 0)).toEqual(expected);
    }),
    { numRuns: 40 },
  );
}, 120_000);

test('I4: an urgent job waits for no more than a window of less urgent ones', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const startedAfter: number[] = [];
  const log = new OrderLog(200_000);
  for (let i = 0; i < 500; i++) pool.submit(tasks.note, [log.words, 0]);
  await pool.waitAll();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 10_000; i++) pool.submit(tasks.note, [log.words, 0], { priority: 0 });
    const before = log.words[0] ?? 0;
    await pool.submit(tasks.note, [log.words, 1 + round], { priority: 4 });
    startedAfter.push(log.values.lastIndexOf(1 + round) - before);
  }
  await pool.waitAll();
  // what is sent ahead never exceeds the lane's 4096 slots; all of the 10,000 would have gone first in a plain queue
  for (const count of startedAfter) expect(count).toBeLessThanOrEqual(4096);
}, 60_000);

test('I4: behind a worker that was slow to begin, one urgent job and then another go before a less urgent one', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const log = new OrderLog(1000);
  const note = (words: Int32Array, value: number, ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end; );
    words[1 + Atomics.add(words, 0, 1)] = value;
  };
  // it is known to take so long that three are not overdue at once, and may wait together
  for (let i = 0; i < 20; i++) await pool.submit(note, [log.words, 0, 1]);

  using gate = new Gate();
  // no job runs while the worker's event loop is blocked
  const block = (words: Int32Array): void => {
    setImmediate(() => {
      Atomics.store(words, 1, 1);
      Atomics.wait(words, 0, 0);
    });
  };
  await pool.submit(block, [gate.words]);
  await gate.reachedBy(1);

  pool.submit(note, [log.words, 3, 1], { priority: 1 });
  const end = performance.now() + 20;
  await until(() => performance.now() > end); // it is overdue
  pool.submit(note, [log.words, 1, 1], { priority: 3 });
  await new Promise((resolve) => setImmediate(resolve));
  pool.submit(note, [log.words, 2, 1], { priority: 3 });
  await new Promise((resolve) => setImmediate(resolve));
  gate.open();
  await pool.waitAll();
  expect(log.values.slice(-3)).toEqual([1, 2, 3]);
});

test('I3: whatever blocks all workers but one, every other job runs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        maxWorkers: fc.integer({ min: 2, max: 4 }),
        concurrency: fc.constantFrom(1, 3),
        kinds: fc.array(fc.constantFrom('note', 'hold'), { minLength: 1, maxLength: 80 }),
        isWarm: fc.boolean(),
      }),
      async ({ maxWorkers, concurrency, kinds, isWarm }) => {
        await using pool = new ThreadPool({ maxWorkers, concurrency });
        const log = new OrderLog(1000);
        if (isWarm) {
          for (let i = 0; i < 300; i++) pool.submit(tasks.note, [log.words, -1]);
          await pool.waitAll();
        }
        using gate = await occupy(pool);
        let holds = 1;
        const others: Job[] = [];
        for (const [index, kind] of kinds.entries()) {
          if (kind === 'hold' && holds < maxWorkers - 1) {
            holds++;
            pool.submit(tasks.hold, [gate.words]);
          } else others.push(pool.submit(tasks.note, [log.words, index]) as Job);
        }
        // with one worker free this ends, or else the test does not
        await Promise.all(others);
        expect(others.every((job) => job.state === 'COMPLETED')).toBe(true);
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);
