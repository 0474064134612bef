import { describe, expect, test } from '@jest/globals';
import * as workerpool from '../../../examples/migrating/workerpool.ts';
import { until } from '../../support/gate.ts';
import { SharedGate } from './gate.ts';

const script = new URL('./fixtures/workerpool-script.mjs', import.meta.url).href;

/** Ends the pool behind the test. */
async function withPool(options: workerpool.PoolOptions, use: (pool: workerpool.Pool) => Promise<void>): Promise<void> {
  const pool = workerpool.pool(script, options);
  try {
    await use(pool);
  } finally {
    await pool.terminate(true);
  }
}

describe('a program for workerpool, with the adapter', () => {
  test('offloads a function', async () => {
    const pool = workerpool.pool();
    expect(await pool.exec((a: number, b: number) => a + b, [3, 4])).toBe(7);
    await pool.terminate();
  });

  test('calls the methods of a script', () =>
    withPool({ maxWorkers: 2 }, async (pool) => {
      expect(await Promise.all([pool.exec('fibonacci', [10]), pool.exec('greet', ['Ada'])])).toEqual([55, 'hello Ada']);
    }));

  test('makes a proxy', () =>
    withPool({ maxWorkers: 1 }, async (pool) => {
      const worker = await pool.proxy();
      expect(await worker.fibonacci?.(12)).toBe(144);
      expect(Object.keys(worker)).toContain('greet');
    }));

  test('keeps what a script keeps between calls', () =>
    withPool({ maxWorkers: 1 }, async (pool) => {
      for (const count of [1, 2, 3]) expect(await pool.exec('count')).toBe(count);
    }));

  test('receives events of a call', () =>
    withPool({ maxWorkers: 1 }, async (pool) => {
      const steps: unknown[] = [];
      expect(await pool.exec('withEvents', [3], { on: (payload) => steps.push(payload) })).toBe('done');
      expect(steps).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
    }));

  test('receives errors, also of a method that there is not', () =>
    withPool({ maxWorkers: 1 }, async (pool) => {
      await expect(pool.exec('fail')).rejects.toMatchObject({ name: 'TypeError', code: 'E_INPUT' });
      await expect(pool.exec('nothing')).rejects.toThrow('Unknown method "nothing"');
      expect(() => pool.exec('fail', {} as never)).toThrow('Array expected as argument "params"');
    }));

  test('cancels a loop that runs, and goes on', () =>
    withPool({ maxWorkers: 1, workerTerminateTimeout: 20 }, async (pool) => {
      const gate = new SharedGate();
      const looping = pool.exec('loop', [gate.words]);
      await gate.begun();
      await expect(looping.cancel()).rejects.toMatchObject({ name: 'CancellationError', message: 'promise cancelled' });
      expect(await pool.exec('fibonacci', [5])).toBe(5);
    }));

  test('cancels by a promise that is made of the one of the call', () =>
    withPool({ maxWorkers: 1, workerTerminateTimeout: 20 }, async (pool) => {
      const gate = new SharedGate();
      const log: unknown[] = [];
      const chain = pool
        .exec('loop', [gate.words])
        .then(() => log.push('never'))
        .catch((error: unknown) => log.push((error as Error).name))
        .always(() => log.push('always'));
      await gate.begun();
      chain.cancel();
      await chain;
      expect(log).toEqual(['CancellationError', 'always']);
    }));

  test('limits the time of a call, from its begin', () =>
    withPool({ maxWorkers: 1, workerTerminateTimeout: 20 }, async (pool) => {
      const gate = new SharedGate();
      const looping = pool.exec('loop', [gate.words]).timeout(50);
      const behind = pool.exec('fibonacci', [5]).timeout(30_000);
      await expect(looping).rejects.toMatchObject({ name: 'TimeoutError', message: 'Promise timed out after 50 ms' });
      expect(await behind).toBe(5);
    }));

  test('keeps a worker whose task cleans up when it is aborted', () =>
    withPool({ maxWorkers: 1, workerTerminateTimeout: 30_000 }, async (pool) => {
      const gate = new SharedGate();
      expect(await pool.exec('count')).toBe(1);
      const waiting = pool.exec('untilAborted', [gate.words]);
      await gate.begun();
      await expect(waiting.cancel()).rejects.toMatchObject({ name: 'CancellationError' });
      expect(await pool.exec('count')).toBe(2);
    }));

  test('is refused calls past the limit of its queue', () =>
    withPool({ maxWorkers: 1, maxQueueSize: 1 }, async (pool) => {
      const gate = new SharedGate();
      const running = pool.exec('waitFor', [gate.words]);
      await gate.begun();
      const waiting = pool.exec('fibonacci', [5]);
      expect(() => pool.exec('fibonacci', [6])).toThrow('Max queue size of 1 reached');
      gate.open();
      expect(await Promise.all([running, waiting])).toEqual(['let go', 5]);
    }));

  test('reads its figures', () =>
    withPool({ maxWorkers: 1 }, async (pool) => {
      const gate = new SharedGate();
      const calls = [pool.exec('waitFor', [gate.words]), pool.exec('fibonacci', [5])];
      await gate.begun();
      const stats = { totalWorkers: 1, busyWorkers: 1, idleWorkers: 0, pendingTasks: 1, activeTasks: 1 };
      expect(pool.stats()).toEqual(stats);
      gate.open();
      await Promise.all(calls);
    }));

  test('moves buffers in and out', () =>
    withPool({ maxWorkers: 1 }, async (pool) => {
      const bytes = new Uint8Array(1_000);
      expect(await pool.exec('lengthOf', [bytes], { transfer: [bytes.buffer] })).toBe(1_000);
      expect(bytes.byteLength).toBe(0);
      expect(await pool.exec('zeros', [5])).toEqual(new Uint8Array(5));
    }));

  test('runs in processes', () =>
    withPool({ maxWorkers: 1, workerType: 'process' }, async (pool) => {
      expect(await pool.exec('pid')).not.toBe(process.pid);
    }));

  test('starts workers before there are calls, and is told of each', async () => {
    const told: string[] = [];
    const pool = workerpool.pool(script, {
      ...{ minWorkers: 'max', maxWorkers: 2 },
      onCreateWorker: () => told.push('created'),
      onTerminateWorker: () => told.push('terminated'),
    });
    await until(() => told.length === 2);
    expect(await pool.exec('fibonacci', [5])).toBe(5);
    await pool.terminate();
    expect(told.sort()).toEqual(['created', 'created', 'terminated', 'terminated']);
  });

  test('is terminated while calls wait and run', async () => {
    const pool = workerpool.pool(script, { maxWorkers: 1, workerTerminateTimeout: 20 });
    const gate = new SharedGate();
    const calls = Promise.allSettled([pool.exec('loop', [gate.words]), pool.exec('fibonacci', [5])]);
    await gate.begun();
    await pool.terminate(true);
    for (const call of await calls)
      expect(call).toMatchObject({ status: 'rejected', reason: { message: 'Pool terminated' } });
  });
});
