import { describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { tasks } from '../support/tasks.ts';

describe('metrics by error', () => {
  test('count failed jobs by the code of their error, or else by its name', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 0 });
    const fails = [
      pool.submit(tasks.fail, ['no']),
      pool.submit(() => {
        throw new Error('far');
      }),
      pool.submit(() => {
        throw Object.assign(new Error('gone'), { code: 'ENOENT' });
      }),
      pool.submit(tasks.exit, [1]),
      pool.submit(tasks.spin, [], { timeoutMs: 1 }),
      pool.submit(tasks.notExported),
    ];
    await Promise.allSettled(fails);
    const { byError, failed } = pool.metrics();
    expect({ ...byError }).toEqual({
      ...{ Error: 1, RangeError: 1, ENOENT: 1 },
      ...{ ERR_WORKER_EXITED: 1, ERR_JOB_TIMEOUT: 1, ERR_TASK_NOT_FOUND: 1 },
    });
    expect(failed).toBe(fails.length);
  });

  test('are bounded, and call no code of the error', async () => {
    await using pool = new ThreadPool({ kind: 'inline' });
    const failWith = (code: string): never => {
      throw Object.assign(new Error('x'), { code });
    };
    const throwing = (code: string): Promise<unknown> => pool.submit(failWith, [code]).catch(() => {});
    for (let i = 0; i < 70; i++) await throwing(`E${i}`);
    await throwing('E1');
    await throwing('L'.repeat(10_000));
    const { byError, failed } = pool.metrics();
    expect(Object.keys(byError)).toHaveLength(65);
    expect(byError['E1']).toBe(2);
    expect(byError['other']).toBe(7);
    expect(failed).toBe(72);

    let calls = 0;
    const get = (): string => {
      calls++;
      return 'E';
    };
    const getters = Object.defineProperties(new Error('x'), { code: { get }, name: { get } });
    const proxy = new Proxy(new Error('x'), { getOwnPropertyDescriptor: get as never, getPrototypeOf: get as never });
    const { errorTypeOf } = await import('../../build/errors.js');
    expect([getters, proxy, 'text', null, undefined].map(errorTypeOf)).toEqual([
      ...['Error', 'Error', 'string', 'null', 'undefined'],
    ]);
    expect(calls).toBe(0);
  });
});
