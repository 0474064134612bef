import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool } from 'thread-system';
import { Gate } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

type Callback = (value: unknown) => unknown;

const VALUE = 1_234_567;
const { format } = new Intl.NumberFormat('en');
const { format: formatDate } = new Intl.DateTimeFormat('en', { timeZone: 'UTC' });
/** A native function without a name, of one argument, as the resolving functions of a promise are. */
const nameless = (fn: Callback): Callback => Object.defineProperty(fn.bind(undefined), 'name', { value: '' });

/** What `then` may be given, each made anew. */
const CALLBACKS: Record<string, () => unknown> = {
  'a formatter of numbers': () => format,
  'a formatter of dates': () => formatDate,
  Number: () => Number,
  String: () => String,
  'a bound function': () => ((x: unknown) => [x]).bind(undefined),
  'a bound function without a name': () => nameless((x) => [x]),
  'a bound function that throws': () =>
    nameless(() => {
      throw new RangeError('thrown');
    }),
  'one that throws': () => () => {
    throw new RangeError('thrown');
  },
  'an async one': () => async (x: unknown) => [x],
  // biome-ignore lint/suspicious/noThenProperty: it is to be taken for a promise
  'one that returns a thenable': () => () => ({ then: (resolve: Callback) => resolve('assimilated') }),
  'one that returns a thenable which throws': () => () => ({
    // biome-ignore lint/suspicious/noThenProperty: as well
    then: () => {
      throw new RangeError('in then');
    },
  }),
  'a proxy': () => new Proxy((x: unknown) => [x], {}),
  nothing: () => undefined,
  null: () => null,
  'a number': () => 5,
  'an object': () => ({}),
}; // prettier-ignore

/** How a promise ends, in words. */
async function endOf(promise: PromiseLike<unknown>): Promise<string> {
  try {
    return `value ${JSON.stringify(await promise)}`;
  } catch (error) {
    return `error ${error}`;
  }
}

const STATES = ['completed', 'failed', 'cancelled'] as const;

/** A job that will end so, and a promise that ends alike. */
function pairOf(
  pool: ThreadPool,
  gate: Gate,
  state: (typeof STATES)[number],
): { job: Job; twin: () => Promise<unknown> } {
  const job: Job = state === 'failed' ? pool.submit(tasks.fail, ['no']) : pool.submit(tasks.hold, [gate.words, VALUE]);
  if (state === 'cancelled') job.cancel('enough');
  return { job, twin: () => (state === 'completed' ? Promise.resolve(VALUE) : Promise.reject(job.error)) };
}

describe.each(STATES)('then of a job that has %s, or will have', (state) => {
  test.each([true, false])(
    'does with any callbacks as a promise does; asked before it settles: %s',
    async (isEarly) => {
      await using pool = new ThreadPool({ maxWorkers: 1 });
      for (const onValue of Object.keys(CALLBACKS))
        for (const onError of [
          'nothing',
          'Number',
          'a formatter of numbers',
          'a bound function without a name',
          onValue,
        ]) {
          using gate = new Gate();
          const [f, r] = [CALLBACKS[onValue]?.(), CALLBACKS[onError]?.()] as [Callback, Callback];
          const { job, twin } = pairOf(pool, gate, state);
          if (!isEarly) {
            gate.open();
            await job.catch(() => {});
          }
          const derived = job.then(f, r);
          const isSame = derived instanceof Promise;
          const ends = [derived, derived.then(), job.then(f, r).finally(() => {})].map(endOf);
          gate.open();
          await job.catch(() => {});
          const expected = await endOf(twin().then(f, r));
          expect({ onValue, onError, isSame, ends: await Promise.all(ends) }).toEqual({
            ...{ onValue, onError, isSame: true },
            ends: [expected, expected, expected],
          });
        }
    },
  );

  test('calls back later, never at once, whoever calls; and in the order of the calls', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const { job } = pairOf(pool, gate, state);
    const log: string[] = [];
    const note = (text: string): Callback => nameless(() => void log.push(text));
    const early = job.then(note('first'), note('first'));
    const second = Promise.prototype.finally.call(job, () => void log.push('second')).catch(() => {});
    const third = job.then(
      () => log.push('third'),
      () => log.push('third'),
    );
    expect(log).toEqual([]);
    gate.open();
    await Promise.all([early, second, third]);
    expect(log.toSorted()).toEqual(['first', 'second', 'third']);
    const late = job.then(note('late'), note('late'));
    expect(log).toHaveLength(3);
    await late;
    expect(log.at(-1)).toBe('late');
  });

  test('what a callback throws that nobody handles is an unhandled rejection, and escapes to nobody else', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const { job } = pairOf(pool, gate, state);
    const bad = (): Callback =>
      nameless(() => {
        throw new RangeError('thrown');
      }); // prettier-ignore
    const [first, second] = [job.then(bad(), bad()), job.then(bad(), bad())];
    gate.open();
    await expect(first).rejects.toThrow('thrown');
    await expect(second.catch((error: unknown) => String(error))).resolves.toBe('RangeError: thrown');
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });
});

test('a pending job that is cancelled calls back after cancel() has returned', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  pool.pause();
  const job = pool.submit(tasks.add, [1, 2]);
  const log: string[] = [];
  const told = job.then(
    nameless(() => log.push('value')),
    nameless(() => log.push('error')),
  );
  job.cancel();
  log.push('cancel() has returned');
  await told;
  expect(log).toEqual(['cancel() has returned', 'error']);
});

test('callbacks that call back settle what they ask for', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const job = pool.submit(tasks.add, [1, 2]);
  const nested = job.then(() =>
    job.then(() =>
      job.then(
        nameless((x) => [x]),
        nameless((x) => x),
      ),
    ),
  );
  expect(await nested).toEqual([3]);
  expect(await Promise.race([job, new Promise(() => {})])).toBe(3);
  expect(await Promise.any([Promise.reject(new Error('no')), job])).toBe(3);
  expect(await Promise.allSettled([job, pool.submit(tasks.fail, ['no'])])).toMatchObject([
    { status: 'fulfilled', value: 3 },
    { status: 'rejected' },
  ]);
});
