import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { dashboard } from 'thread-system/dashboard';

let pool: ThreadPool;
beforeAll(() => {
  pool = new ThreadPool({ maxWorkers: 1 });
});
afterAll(() => pool.shutdown());

describe('dashboard() refuses', () => {
  test.each<[string, () => unknown, ErrorConstructor, string]>([
    ['a pool instead of an object', () => pool, TypeError, 'pools must be an object { name: pool }, received'],
    ['nothing', () => undefined, TypeError, 'pools must be an object, received undefined'],
    [
      'what is no pool',
      () => ({ main: { metrics() {} } }),
      TypeError,
      'pools.main must be a ThreadPool or a ClusterPool, received',
    ],
  ])('%s', (_name, pools, type, message) => {
    const make = (): unknown => dashboard(pools() as never);
    expect(make).toThrow(type);
    expect(make).toThrow(`Cannot make a dashboard: ${message}`);
  });

  test.each<[object, ErrorConstructor, string]>([
    [{ actions: ['cancel'] }, TypeError, 'actions need token or authorize: anybody could take them'],
    [
      { actions: ['delete'], token: 'x' },
      TypeError,
      'each of actions must be one of cancel, pause, priority, retry, received',
    ],
    [{ actions: 'cancel', token: 'x' }, TypeError, "actions must be an array, received 'cancel'"],
    [{ token: '' }, TypeError, 'token must be a string that is not empty, received'],
    [{ token: 1 }, TypeError, 'token must be a string that is not empty, received 1'],
    [{ token: 'x', authorize: () => true }, TypeError, 'authorize is instead of token: give one of them'],
    [{ authorize: true }, TypeError, 'authorize must be a function, received true'],
    [{ everyMs: 0 }, RangeError, 'everyMs must be more than 0 and at most 3600000 milliseconds, received 0'],
    [{ everyMs: Number.NaN }, RangeError, 'everyMs must be more than 0 and at most 3600000 milliseconds, received NaN'],
    [{ everyMs: '1s' }, TypeError, "everyMs must be a number of milliseconds, received '1s'"],
    [{ history: 0 }, RangeError, 'history must be from 1 to 100000, received 0'],
    [{ failures: -1 }, RangeError, 'failures must be from 0 to 10000, received -1'],
    [{ show: { args: 1 } }, TypeError, 'show.args must be a boolean, received 1'],
    [{ show: { arg: true } }, TypeError, "there is no option 'show.arg' (did you mean 'show.args'?)"],
    [{ every: 5 }, TypeError, "there is no option 'every' (did you mean 'everyMs'?)"],
  ])('%j', (options, type, message) => {
    const make = (): unknown => dashboard({ main: pool }, options as never);
    expect(make).toThrow(type);
    expect(make).toThrow(`Cannot make a dashboard: ${message}`);
  });
});
