import { describe, expect, test } from '@jest/globals';
import { ThreadPool, type Trace } from 'thread-system';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';
import { checked, slicesOf, threadsOf } from '../../support/trace-schema.ts';

describe('pool.trace', () => {
  test.each([
    ['nothing', [], TypeError, /^Cannot trace: its argument must be a function, or options .*, received undefined$/],
    ['a number', [10_000], TypeError, /received 10000$/],
    ['null', [null], TypeError, /received null$/],
    ['a list', [[]], TypeError, /received an array$/],
    ['an unknown option', [{ last: 1 }], TypeError, /there is no option 'last'/],
    [
      'a length that is no number',
      [{ lastMs: '10' }],
      TypeError,
      /lastMs must be a number of milliseconds, received '10'/,
    ],
    ['a negative length', [{ lastMs: -1 }], RangeError, /lastMs must be .*, received -1/],
    ['no length', [{ lastMs: 0 }], RangeError, /lastMs must be more than 0 milliseconds, received 0/],
    ['NaN', [{ lastMs: Number.NaN }], RangeError, /received NaN/],
    ['an option for a function', [() => {}, { lastMs: 1 }], TypeError, /there is no option 'lastMs'/],
    ['options twice', [{ lastMs: 1 }, {}], TypeError, /it takes no options/],
  ] as const)('refuses %s', async (_name, args, type, message) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const call = (): unknown => (pool.trace as (...args: readonly unknown[]) => unknown)(...args);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  test('rejects with what the function throws, and records nothing more', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const fault = new Error('mine');
    await expect(
      pool.trace(() => {
        throw fault;
      }),
    ).rejects.toBe(fault);
    await expect(pool.trace(() => Promise.reject(fault))).rejects.toBe(fault);
    expect(slicesOf(checked(await pool.trace(() => pool.submit(tasks.echo, [1]))), 'job')).toHaveLength(1);
  });

  test('rejects for a pool that is shut down, without calling the function', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await pool.shutdown();
    let calls = 0;
    await expect(
      pool.trace(() => {
        calls++;
      }),
    ).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED', message: expect.stringMatching(/^Cannot trace: /) });
    await expect(pool.trace({ lastMs: 1 })).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    expect(calls).toBe(0);
  });

  test('does not count as somebody who looks at failures', async () => {
    const { stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      process.on('warning', ({ name }) => console.log(name));
      const pool = new ThreadPool({ maxWorkers: 1 });
      await pool.trace(async () => {
        pool.submit(() => { throw new Error('unseen'); });
        await pool.waitAll();
      });
    `);
    expect(stdout).toBe('UnobservedJobFailure\n');
  });

  test('is of one pool; several can be put into one file', async () => {
    await using first = new ThreadPool({ maxWorkers: 1, name: 'first' });
    await using second = new ThreadPool({ maxWorkers: 1, name: 'second' });
    const work = (pool: ThreadPool) => () => pool.submit(tasks.echo, [1]);
    const traces: Trace[] = await Promise.all([first.trace(work(first)), second.trace(work(second))]);
    const [one, two] = traces.map(checked);
    const numbersOf = (events: ReturnType<typeof checked> = []): number[] => [
      ...new Set(events.flatMap(({ pid, tid }) => [pid, tid])),
    ];
    const [inBoth] = numbersOf(one).filter((number) => numbersOf(two).includes(number));
    expect(inBoth).toBeUndefined();
    expect(threadsOf(one ?? [])).toContain('worker 0');
  });

  test('takes names and errors as they are', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, name: '<img onerror>' });
    const name = '"\ud800\u2028</script>';
    const events = checked(
      await pool.trace(async () => {
        const job = pool.submit(tasks.throwValue, [{ message: 'x'.repeat(10_000) }], { name });
        await Promise.allSettled([job]);
      }),
    );
    const [slice] = slicesOf(events, 'job');
    expect(slice?.name).toBe(name);
    expect(String(slice?.args['error']).length).toBeLessThan(600);
  });

  test('keeps the attempts that ended last, and says if there were more', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const count = 70_000;
    const trace = await pool.trace(async () => {
      for (const job of pool.submitMany(
        tasks.add,
        Array.from({ length: count }, (_, i) => [i, 1] as const),
      ))
        await job;
    });
    const slices = trace.traceEvents.filter(({ ph, cat }) => ph === 'X' && cat === 'job');
    expect(slices).toHaveLength(65_536);
    expect(trace.traceEvents.filter(({ ph, name }) => ph === 'i' && name.startsWith('more jobs'))).toHaveLength(1);
    const last = Math.max(...slices.slice(-100).map(({ args }) => args['id'] as number));
    expect(slices.some(({ args }) => args['id'] === last - 60_000)).toBe(true);
  });
});
