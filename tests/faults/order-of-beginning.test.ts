import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Barrier, type Job, type JobOptions, Latch, Semaphore, ThreadPool } from 'thread-system';
import { FileGate, FileLog, gated } from '../support/file-gate.ts';
import { Gate, occupy, until } from '../support/gate.ts';
import { OrderLog } from '../support/order-log.ts';
import { tasks } from '../support/tasks.ts';

const LOW = { priority: 1 };

/** What makes the job that is submitted last the first to begin. */
const waysToTheFront: readonly [string, (pool: ThreadPool, log: OrderLog, value: number) => void][] = [
  ['a higher priority', (pool, log, value) => pool.submit(tasks.note, [log.words, value], { priority: 4 })],
  ['front', (pool, log, value) => pool.submit(tasks.note, [log.words, value], { ...LOW, front: true })],
  ['submitMany', (pool, log, value) => pool.submitMany(tasks.note, [[log.words, value]], { priority: 3 })],
  ['setPriority', (pool, log, value) => pool.submit(tasks.note, [log.words, value], { priority: 0 }).setPriority(3)],
  [
    'a key that another joins',
    (pool, log, value) => {
      pool.submit(tasks.note, [log.words, value], { priority: 0, key: 'same' });
      pool.submit(tasks.note, [log.words, value], { priority: 3, key: 'same' });
    },
  ],
];

describe('a job that outranks what was sent ahead begins first, though nothing ran between their submissions', () => {
  test.each(waysToTheFront)('by %s', async (_how, submitUrgent) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (let round = 0; round < 30; round++) {
      const log = new OrderLog(100);
      using gate = await occupy(pool);
      for (let i = 0; i < 40; i++) pool.submit(tasks.note, [log.words, i], LOW);
      submitUrgent(pool, log, 1000);
      gate.open();
      await pool.waitAll();
      expect(log.values[0]).toBe(1000);
    }
  });

  test('on several workers, whichever of them is free first', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3 });
    for (let round = 0; round < 30; round++) {
      const log = new OrderLog(100);
      using gates = new Gates(3);
      await gates.occupy(pool);
      for (let i = 0; i < 40; i++) pool.submit(tasks.note, [log.words, i], LOW);
      pool.submit(tasks.note, [log.words, 1000], { priority: 3 });
      gates.open(round % 3);
      await log.filledTo(1);
      expect(log.values[0]).toBe(1000);
      for (const index of [0, 1, 2]) gates.open(index);
      await pool.waitAll();
    }
  });

  test.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    for (let round = 0; round < 5; round++) {
      using gate = new FileGate();
      using log = new FileLog();
      pool.submit(gated.hold, [gate.path], { priority: 9 });
      await gate.reachedBy(1);
      for (let i = 0; i < 20; i++) pool.submit(gated.note, [log.path, i], LOW);
      pool.submit(gated.note, [log.path, 'urgent'], { priority: 3 });
      gate.open();
      await pool.waitAll();
      expect(log.lines[0]).toBe('urgent');
    }
  });

  test('whatever the priorities are that one run of code submits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }), async (priorities) => {
        await using pool = new ThreadPool({ maxWorkers: 1 });
        const log = new OrderLog(400);
        for (let i = 0; i < 300; i++) pool.submit(tasks.note, [log.words, -1]);
        await pool.waitAll();
        using gate = await occupy(pool);
        for (const [index, priority] of priorities.entries())
          pool.submit(tasks.note, [log.words, index], { priority } as JobOptions);
        gate.open();
        await pool.waitAll();
        const expected = [...priorities.keys()].sort((a, b) => (priorities[b] ?? 0) - (priorities[a] ?? 0) || a - b);
        expect(log.values.filter((value) => value >= 0)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});

describe('jobs begin although the main thread is busy from their submission on', () => {
  /** Blocks this thread until each of `files` is there. */
  const blockUntil = (gate: FileGate, count: number): boolean => {
    for (const end = performance.now() + 20_000; performance.now() < end; ) if (gate.pids.length >= count) return true;
    return false;
  };

  describe.each(['thread', 'process'] as const)('in a pool of kind %s', (kind) => {
    test.each([
      ['one worker that has to be started', { maxWorkers: 1 }, 1],
      ['several that have to be started', { maxWorkers: 3 }, 3],
      ['some of which start already', { maxWorkers: 3, minWorkers: 2 }, 3],
      ['one with several places', { maxWorkers: 1, concurrency: 2 }, 2],
      ['a setup', { maxWorkers: 1, setup: () => void Reflect.set(globalThis, 'isSetUp', true) }, 1],
    ])('with %s', async (_what, options, count) => {
      await using pool = new ThreadPool({ kind, ...options });
      using gate = new FileGate();
      const jobs = Array.from({ length: count }, () => pool.submit(gated.hold, [gate.path]));
      expect(blockUntil(gate, count)).toBe(true);
      gate.open();
      await Promise.all(jobs);
    });

    test('with one that is idle', async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      await pool.submit(tasks.echo, [1]);
      using gate = new FileGate();
      const job = pool.submit(gated.hold, [gate.path]);
      expect(blockUntil(gate, 1)).toBe(true);
      gate.open();
      await job;
    });
  });

  test('but not before the setup and earlier broadcasts of their worker', async () => {
    await using pool = new ThreadPool({
      maxWorkers: 2,
      setup: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        Reflect.set(globalThis, 'steps', ['setup']);
      },
    });
    const steps = (): unknown => Reflect.get(globalThis, 'steps');
    expect(await pool.submit(steps)).toEqual(['setup']);
    await pool.broadcast(() => void (Reflect.get(globalThis, 'steps') as string[]).push('broadcast'));
    using gate = await occupy(pool, 1);
    expect(await pool.submit(steps)).toEqual(['setup', 'broadcast']);
    gate.open();
  });

  test('and where one ends its thread before it was heard to be up, only that one fails', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const ending = pool.submit(tasks.exit, [3]);
    const next = pool.submit(tasks.echo, [1]);
    for (const end = performance.now() + 300; performance.now() < end; );
    await expect(ending).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', exitCode: 3 });
    expect(await next).toBe(1);
  });
});

describe('jobs that block their threads to wait for one another', () => {
  const meet = (barrier: Barrier): void => void barrier.arriveAndWaitSync();

  test.each([1, 2])('meet group after group, of as many as there are threads; concurrency %i', async (concurrency) => {
    await using pool = new ThreadPool({ maxWorkers: 3, concurrency });
    // it is learnt that the task is short
    for (let i = 0; i < 50; i++) await pool.submit(meet, [new Barrier(1)]);
    for (let round = 0; round < 10; round++) {
      const barriers = Array.from({ length: 6 }, () => new Barrier(3));
      const jobs: Job[] = barriers.flatMap((barrier) => [1, 2, 3].map(() => pool.submit(meet, [barrier]) as Job));
      await Promise.all(jobs);
    }
  });

  test('do not keep what waits behind them', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const log = new OrderLog(100);
    const barrier = new Barrier(2);
    for (let i = 0; i < 50; i++) pool.submit(tasks.note, [log.words, -1]);
    await pool.waitAll();
    const first = pool.submit(meet, [barrier]);
    for (let i = 0; i < 10; i++) pool.submit(tasks.note, [log.words, i]);
    await log.filledTo(60);
    await until(() => first.state === 'RUNNING'); // its thread may be slow to wake
    await pool.submit(meet, [barrier]);
    await first;
  });

  test('leave the other places of their thread to others once they go on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 2 });
    const block = async (taken: Semaphore, blocked: Latch, end: Latch): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve)); // the thread has gone to sleep
      taken.acquireSync({ timeoutMs: 10 });
      blocked.countDown();
      await end.wait();
    };
    for (let round = 0; round < 5; round++) {
      const [blocked, end] = [new Latch(1), new Latch(1)];
      const job = pool.submit(block, [new Semaphore(0), blocked, end]);
      await blocked.wait();
      expect(await pool.submit(tasks.echo, [round])).toBe(round);
      end.countDown();
      await job;
    }
  });
});

/** A gate for each worker. */
class Gates implements Disposable {
  readonly #gates: Gate[];

  constructor(count: number) {
    this.#gates = Array.from({ length: count }, () => new Gate());
  }

  async occupy(pool: ThreadPool): Promise<void> {
    for (const gate of this.#gates) {
      pool.submit(tasks.hold, [gate.words], { priority: 9 });
      await gate.reachedBy(1);
    }
  }

  open(index: number): void {
    this.#gates[index]?.open();
  }

  [Symbol.dispose](): void {
    for (const gate of this.#gates) gate.open();
  }
}
