import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CancellationToken, type Job, ThreadPool, taskModule } from 'thread-system';
import { until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { fixture, tasks } from '../support/tasks.ts';

const beats = taskModule<{
  beat(words: Int32Array, index: number): never;
  beatDeaf(words: Int32Array, index: number): never;
  beatAsync(words: Int32Array, index: number): Promise<never>;
}>(fixture('beats.mjs'));

test('I8: the code of a settled job is no longer running', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('beat', 'beatDeaf', 'beatAsync'), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (kinds, aborts) => {
        await using pool = new ThreadPool({ maxWorkers: 2, graceMs: 10 });
        const words = new Int32Array(new SharedArrayBuffer(4 * kinds.length));
        const ended: Promise<unknown>[] = [];
        for (const [index, kind] of kinds.entries()) {
          const job: Job = pool.submit(beats[kind as 'beat'], [words, index]);
          const check = async (): Promise<void> => {
            const count = Atomics.load(words, index);
            for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
            expect(Atomics.load(words, index)).toBe(count);
          };
          ended.push(job.then(check, check));
          if (aborts && index === kinds.length - 1) break;
          if (index % 2 === 0) await until(() => job.state === 'RUNNING');
          job.cancel();
        }
        if (aborts) await pool.shutdown({ mode: 'abort' });
        await Promise.all(ended);
      },
    ),
    { numRuns: 15 },
  );
}, 120_000);

test('I6: a raised flag is never lowered, however often its slot is used again', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
  const token = new CancellationToken();
  const gone: Job[] = [];
  for (let i = 0; i < 5; i++) {
    const job = pool.submit(tasks.spin);
    await until(() => job.state === 'RUNNING');
    job.cancel(i);
    await expect(job).rejects.toMatchObject({ reason: i });
    gone.push(job as Job);
  }
  token.cancel();
  // more than twice round all slots: none of these jobs sees a flag that was raised for another
  const results = await Promise.all(
    Array.from({ length: 10_000 }, () =>
      pool.submit(
        function (this: { throwIfCancelled(): void }, given: unknown) {
          this.throwIfCancelled();
          return given;
        },
        [1],
      ),
    ),
  );
  expect(results.every((value) => value === 1)).toBe(true);
  expect(gone.map((job) => [job.state, job.token.isCancelled, job.token.reason])).toEqual(
    [0, 1, 2, 3, 4].map((i) => ['CANCELLED', true, i]),
  );
  expect(token.isCancelled).toBe(true);
});

test('I10: jobs never share an object', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.object(), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 2, max: 20 }),
      async (list, times) => {
        const marked = { list, mark: 0 };
        const mark = (value: { mark: number; list: object[] }) => {
          value.mark++;
          value.list.push(value);
          return [value.mark, value.list.length];
        };
        const results = await Promise.all(Array.from({ length: times }, () => pool.submit(mark, [marked])));
        expect(results).toEqual(Array.from({ length: times }, () => [1, list.length + 1]));
        expect(marked).toEqual({ list, mark: 0 });
      },
    ),
    { numRuns: 30 },
  );
});

test('I9: a kept failure does not keep the memory of the thread it is about', async () => {
  const { stdout, stderr } = await runProgram(
    `
    import { ThreadPool } from 'thread-system';
    const kept = [];
    for (let i = 0; i < 8; i++) {
      const pool = new ThreadPool({ maxWorkers: 1 });
      kept.push(pool.submit(() => process.exit(1)), pool.submit((x) => x, [() => 1]));
      await Promise.allSettled(kept);
      await pool.shutdown();
    }
    const held = () => process.memoryUsage().arrayBuffers / 1e6;
    for (let i = 0; i < 50 && (globalThis.gc(), held() > 1); i++) await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify({ kept: kept.length, heldMb: Math.round(held()) }));`,
    { flags: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ kept: 16, heldMb: 0 });
}, 60_000);

test('I9: after hundreds of thousands of jobs and their release the heap and the shared memory are back', async () => {
  const { stdout, stderr } = await runProgram(
    `
    import { ThreadPool, CancellationToken } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 2 });
    const token = new CancellationToken();
    const controller = new AbortController();
    const task = (x) => x;
    let texts = 0;
    async function round(count) {
      const jobs = [];
      for (let i = 0; i < count; i++) {
        const options = i % 4 === 0 ? { token } : i % 4 === 1 ? { signal: controller.signal, priority: i % 1000 } : undefined;
        jobs.push(pool.submit(task, [i % 50 === 0 ? { i } : i], options));
        if (i % 10 === 0) jobs.at(-1).cancel();
        if (i % 100 === 2) pool.submit(new Function('x', 'return x + ' + texts++), [i]);
        if (i % 100 === 1) pool.submit((given) => given.isCancelled, [new CancellationToken()]);
      }
      await pool.waitAll();
    }
    async function settledHeap() {
      for (let i = 0; i < 5; i++) { await new Promise((resolve) => setTimeout(resolve, 20)); globalThis.gc(); }
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return (heapUsed + arrayBuffers) / 1e6;
    }
    await round(50_000);
    const before = await settledHeap();
    for (let i = 0; i < 4; i++) await round(50_000);
    const after = await settledHeap();
    console.log(JSON.stringify({ grownMb: Math.round((after - before) * 10) / 10 }));
    await pool.shutdown();`,
    { flags: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  const { grownMb } = JSON.parse(stdout) as { grownMb: number };
  expect(grownMb).toBeLessThan(3);
}, 60_000);
