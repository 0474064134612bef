import { describe, expect, test } from '@jest/globals';
import { CancellationToken, type CurrentJob, Semaphore, ThreadPool } from 'thread-system';
import { until } from '../support/gate.ts';
import { sharedPool } from '../support/shared-pool.ts';

class Unreadable extends Error {
  override get message(): string {
    throw new Error('not to be read');
  }
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const fail = (): never => {
  throw new Error('not to be read');
};
const REASONS: readonly [string, () => unknown][] = [
  ['an error whose message throws', () => new Unreadable()],
  ['a revoked proxy', revoked],
  ['a proxy whose traps throw', () => new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail })],
  ['a DOMException that is none', () => Object.create(DOMException.prototype)],
];
const CANCELLED = {
  name: 'CancelledError',
  message: expect.stringMatching(/: an object that throws when it is read$/),
};

describe.each(['thread', 'process', 'inline'] as const)('a reason that throws when it is read, in kind %s', (kind) => {
  const shared = sharedPool(() => new ThreadPool({ kind, maxWorkers: 1 }));

  describe.each(REASONS)('%s', (_, reasonOf) => {
    test.each<[string, (pool: ThreadPool) => Promise<unknown>]>([
      [
        'of a job that runs',
        async (pool) => {
          const job = pool.submit(untilCancelled);
          await until(() => job.state === 'RUNNING');
          job.cancel(reasonOf());
          return await job;
        },
      ],
      [
        'of a job that waits',
        async (pool) => {
          const job = pool.submit(() => 1, [], { delayMs: 60_000 });
          job.cancel(reasonOf());
          return await job;
        },
      ],
      [
        'of its token',
        async (pool) => {
          const token = new CancellationToken();
          const job = pool.submit(untilCancelled, [], { token });
          await until(() => job.state === 'RUNNING');
          token.cancel(reasonOf());
          return await job;
        },
      ],
      [
        'of its signal',
        async (pool) => {
          const controller = new AbortController();
          const job = pool.submit(untilCancelled, [], { signal: controller.signal });
          await until(() => job.state === 'RUNNING');
          controller.abort(reasonOf());
          return await job;
        },
      ],
      [
        'of a map',
        async (pool) => {
          const map = pool.map(untilCancelled, [1]);
          map.cancel(reasonOf());
          return await map;
        },
      ],
    ])('%s, settles it as any other', async (_name, run) => {
      const pool = shared();
      await expect(run(pool)).rejects.toMatchObject(CANCELLED);
      expect(await pool.submit(() => 'alive')).toBe('alive');
    });
  });
});

test.each(REASONS)('%s is no reason for a token or a wait to throw anything else', async (_, reasonOf) => {
  const token = new CancellationToken();
  const waiting = new Semaphore(0).acquire({ token });
  token.cancel(reasonOf());
  await expect(waiting).rejects.toMatchObject(CANCELLED);
  expect(() => token.throwIfCancelled()).toThrow(expect.objectContaining(CANCELLED));
});

function untilCancelled(this: CurrentJob): Promise<never> {
  return new Promise((_, reject) => this.token.onCancel(() => reject(new Error('stopped'))));
}
