import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool } from 'thread-system';
import { Gate } from '../support/gate.ts';

/** Long past the end of any test: what waits for it ends by being aborted. */
const FOR_EVER_MS = 2 ** 30;

/** Submits an async task that waits for something its signal ends, cancels it, and answers what that was told. */
async function aborted(
  task: (this: CurrentJob, words: Int32Array, ...args: never[]) => unknown,
  ...args: unknown[]
): Promise<unknown> {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
  using gate = new Gate();
  const job = pool.submit(task as (words: Int32Array, ...args: unknown[]) => unknown, [gate.words, ...args]);
  await gate.reachedBy(1);
  job.cancel('enough');
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
  expect(await pool.submit(() => 'next')).toBe('next');
  expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
  return job.result;
}

describe('the signal of an async task ends, when its job is cancelled,', () => {
  test('a fetch', async () => {
    const server = createServer(() => {}); // never answers
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const told = await aborted(async function (this: CurrentJob, words: Int32Array, url: string): Promise<unknown> {
      const { signal } = this;
      const fetching = fetch(url, { signal });
      Atomics.add(words, 1, 1);
      return fetching.then(
        () => 'answered',
        (error: unknown) => error,
      );
    }, `http://127.0.0.1:${port}/`);
    server.closeAllConnections();
    server.close();
    expect(told).toBe('enough');
  });

  test('a timer', async () => {
    const told = await aborted(async function (this: CurrentJob, words: Int32Array, ms: number): Promise<unknown> {
      const { setTimeout: sleep } = await import('node:timers/promises');
      const sleeping = sleep(ms, 'slept', { signal: this.signal });
      Atomics.add(words, 1, 1);
      return sleeping.then(
        (value) => value,
        (error: Error) => [error.name, error.cause],
      );
    }, FOR_EVER_MS);
    expect(told).toEqual(['AbortError', 'enough']);
  });

  test('a stream', async () => {
    const told = await aborted(async function (this: CurrentJob, words: Int32Array): Promise<unknown> {
      const { Readable } = await import('node:stream');
      const { pipeline } = await import('node:stream/promises');
      const endless = new Readable({ read() {} });
      const reading = pipeline(
        endless,
        async (source: AsyncIterable<unknown>) => {
          for await (const _chunk of source);
        },
        { signal: this.signal },
      );
      Atomics.add(words, 1, 1);
      return reading.then(
        () => 'ended',
        (error: Error) => error.name,
      );
    });
    expect(told).toBe('AbortError');
  });
});
