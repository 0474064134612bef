import { describe, expect, test } from '@jest/globals';
import { CancellationToken, Job, ThreadPool, taskModule } from 'thread-system';
import { Gate, until } from '../support/gate.ts';
import { fixture, tasks } from '../support/tasks.ts';

interface FirstTasks {
  reasonOfAny(tokens: readonly CancellationToken[], words: Int32Array): Promise<unknown>;
}
const first = taskModule<FirstTasks>(fixture('first-canceller.mjs'));

const two = (): [CancellationToken, CancellationToken] => [new CancellationToken(), new CancellationToken()];

describe('the reason of a token that follows several is that of the first canceller, for good', () => {
  test.each([
    ['not looked at before', () => {}],
    ['listened to', (any: CancellationToken) => any.onCancel(() => {})],
    ['with a signal', (any: CancellationToken) => any.signal],
  ])('%s', (_name, look) => {
    for (const isReversed of [false, true]) {
      const [a, b] = two();
      const any = CancellationToken.any(isReversed ? [b, a] : [a, b]);
      const nested = CancellationToken.any(new CancellationToken(), any.child());
      look(any);
      b.cancel('b was first');
      a.cancel('a came later');
      expect([any.reason, nested.reason, any.signal.reason]).toEqual(Array(3).fill('b was first'));
      expect(() => nested.throwIfCancelled()).toThrow('b was first');
      any.cancel('too late');
      expect(any.reason).toBe('b was first');
    }
  });

  test('of tokens that were cancelled before it was made', () => {
    const [a, b] = two();
    b.cancel('b');
    a.cancel('a');
    expect([CancellationToken.any(a, b).reason, CancellationToken.any(b, a).signal.reason]).toEqual(['b', 'b']);
    expect(CancellationToken.any(a.child(), b.child()).reason).toBe('b');
  });

  test('of AbortSignals, and of both', () => {
    for (const isReversed of [false, true])
      for (const signalIsFirst of [false, true]) {
        const [token] = two();
        const [one, other] = [new AbortController(), new AbortController()];
        const operands = [token, CancellationToken.from(one.signal), CancellationToken.from(other.signal)];
        const any = CancellationToken.any(isReversed ? operands.reverse() : operands);
        if (!signalIsFirst) token.cancel('token');
        other.abort('other');
        one.abort('one');
        token.cancel('token');
        expect(any.reason).toBe(signalIsFirst ? 'other' : 'token');
      }
  });

  test('of a time that had passed before another was cancelled', async () => {
    const due = CancellationToken.timeout(1);
    const [a] = two();
    const any = CancellationToken.any(a, due);
    await until(() => due.isCancelled);
    a.cancel('later');
    expect(any.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('of no reason, which no later one replaces', () => {
    const [a, b] = two();
    const any = CancellationToken.any(a, b);
    b.cancel();
    a.cancel('a');
    expect([any.isCancelled, any.reason]).toEqual([true, undefined]);
  });

  test('of the token of a job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (const signalIsFirst of [false, true]) {
      const [token] = two();
      const controller = new AbortController();
      const job = pool.submit(tasks.spin, [], { token, signal: controller.signal });
      const own = job.token;
      if (signalIsFirst) controller.abort('signal');
      token.cancel('token');
      controller.abort('signal');
      const why = signalIsFirst ? 'signal' : 'token';
      await expect(job).rejects.toMatchObject({ reason: why });
      expect([own.reason, job.token.reason]).toEqual([why, why]);
    }
    const unsent = new Job(tasks.spin, []);
    unsent.token.cancel('own');
    unsent.cancel('later');
    expect(unsent.token.reason).toBe('own');
  });
});

test.each(['thread', 'process', 'inline'] as const)(
  'in a task of kind %s, in whatever order it lists them',
  async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    for (const isReversed of [false, true]) {
      const [a, b] = two();
      const before = CancellationToken.any(isReversed ? [b, a] : [a, b]);
      const listed = isReversed ? [b, a, before] : [a, b, before];
      const gate = new Gate();
      const job =
        kind === 'process'
          ? pool.submit(first.reasonOfAny, [listed, new Int32Array(2).fill(1)])
          : pool.submit(first.reasonOfAny, [listed, gate.words]);
      await until(() => job.state === 'RUNNING');
      b.cancel('b was first');
      a.cancel('a came later');
      gate.open();
      expect(await job).toEqual(['b was first', 'b was first', 'b was first']);
      // and of tokens that come when they are cancelled already
      const [c, d] = two();
      d.cancel('d was first');
      c.cancel('c came later');
      const later = pool.submit(first.reasonOfAny, [isReversed ? [d, c] : [c, d], new Int32Array(2).fill(1)]);
      expect(await later).toEqual(['d was first', 'd was first', 'd was first']);
    }
  },
);
