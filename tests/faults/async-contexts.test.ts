import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, JobGraph, Signal, ThreadPool, taskModule } from 'thread-system';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

type Enter = (name: string) => unknown;
type Look = () => unknown;
interface EntersContexts {
  enterSync: Enter;
  enterAsync: Enter;
  enterLate: Enter;
  enterInGenerator: Enter;
  enterAndThrow: Enter;
  enterAndLook: Enter;
  lookSync: Look;
  lookAsync: Look;
}

const request = new AsyncLocalStorage<string>();
const contexts = taskModule<EntersContexts>(new URL('../tasks/enters-contexts.mjs', import.meta.url));

describe('a callback runs in the async context in which it was registered:', () => {
  test('onProgress, on, then, catch, finally, retryIf, onCancel, onGo', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const seen: string[] = [];
    const note = (what: string): void => void seen.push(`${what} in ${request.getStore()}`);
    await request.run('first', async () => await pool.submit(tasks.add, [1, 2])); // the worker, the timers are of this one
    const token = new CancellationToken();
    const signal = new Signal();
    for (const id of ['A', 'B'])
      request.run(id, () => {
        pool.on('jobCompleted', ({ name }) => name === 'watched' && note('on'));
        token.onCancel(() => note('onCancel'));
        signal.onGo(() => note('onGo'));
      });
    const job = request.run('C', () => pool.submit(tasks.report, [[1]], { name: 'watched' }));
    request.run('D', () => job.onProgress(() => note('onProgress')));
    const ends = request.run('E', () => [job.then(() => note('then')), job.finally(() => note('finally'))]);
    await request.run('F', () => pool.waitAll());
    await Promise.all(ends);
    request.run('G', () => token.cancel());
    request.run('H', () => signal.go());
    const retry = { maxAttempts: 2, retryIf: () => note('retryIf') === undefined };
    const retried = request.run('I', () => pool.submit(tasks.fail, ['no'], { retry }));
    await request.run('J', () => retried.catch(() => note('catch')));
    expect(seen.toSorted()).toEqual([
      ...['catch in J', 'finally in E', 'on in A', 'on in B', 'onCancel in A', 'onCancel in B'],
      ...['onGo in A', 'onGo in B', 'onProgress in D', 'retryIf in I', 'then in E'],
    ]);
  });

  test('the iterators of a map, sync and async, and retryIf of a map, a schedule and a graph', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const seen = new Set<string>();
    const note = (what: string): void => void seen.add(`${what} in ${request.getStore()}`);
    function* items(): Generator<number> {
      for (let i = 0; i < 20; i++) {
        note('sync');
        yield i;
      }
    }
    async function* later(): AsyncGenerator<number> {
      for (let i = 0; i < 20; i++) {
        note('async');
        await Promise.resolve();
        yield i;
      }
    }
    const double = (x: number): number => 2 * x;
    const maps = request.run('A', () => [
      pool.map(double, items(), { chunk: 1 }),
      pool.map(double, later(), { chunk: 1 }),
    ]);
    await request.run('B', () => Promise.all(maps));
    const retry = { maxAttempts: 2, retryIf: () => note('retryIf') !== undefined };
    const failing = request.run('C', () =>
      pool.map(
        () => {
          throw new Error('no');
        },
        [1],
        { retry },
      ),
    ); // prettier-ignore
    await request.run('D', () => failing.catch(() => {}));
    const graph = new JobGraph();
    request.run('E', () => graph.add('bad', tasks.fail, ['no'], { retry }));
    await request.run('F', () => graph.run(pool).catch(() => {}));
    expect([...seen].toSorted()).toEqual(['async in A', 'retryIf in C', 'retryIf in E', 'sync in A']);
  });

  test('a logger is called in that of nobody', async () => {
    const seen = new Set<string | undefined>();
    const note = (): void => void seen.add(request.getStore());
    const logger = { debug: note, info: note, warn: note, error: note };
    const pool = request.run('A', () => new ThreadPool({ maxWorkers: 1, logger }));
    await request.run('B', () => pool.submit(tasks.fail, ['no']).catch(() => {}));
    await request.run('C', () => pool.shutdown());
    expect([...seen]).toEqual([undefined]);
  });
});

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  test.each([1, 4])(
    'each job begins with an empty async context, whatever others enter; concurrency %s',
    async (concurrency) => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1, concurrency });
      await request.run('of the one who submits', async () => {
        for (const enter of [
          contexts.enterSync,
          contexts.enterAsync,
          contexts.enterLate,
          contexts.enterInGenerator,
          contexts.enterAndThrow,
        ])
          for (const look of [contexts.lookSync, contexts.lookAsync]) {
            const entered = [pool.submit(enter, ['alice']), pool.submit(enter, ['bob'])];
            const looks = [pool.submit(look), pool.submit(look)];
            await Promise.allSettled(entered);
            looks.push(pool.submit(look));
            expect(await Promise.all(looks)).toEqual([null, null, null]);
            expect(await pool.submit(look)).toBeNull();
          }
      });
    },
  );

  test('a job keeps what it has entered to its own end', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    expect(await pool.submit(contexts.enterAndLook, ['alice'])).toEqual(['alice', 'alice', 'alice']);
  });

  test('what a setup or a broadcast enters, no job sees', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1, setup: contexts.enterSync, setupArgs: ['setup'] });
    expect(await pool.submit(contexts.lookSync)).toBeNull();
    await pool.broadcast(contexts.enterSync, ['broadcast']);
    expect(await pool.submit(contexts.lookSync)).toBeNull();
    expect(await pool.submit(contexts.lookAsync)).toBeNull();
  });
});

test('what a request holds is not kept by a pool that it was the first to use', async () => {
  const { stdout } = await runProgram(
    `
    import { AsyncLocalStorage } from 'node:async_hooks';
    import { ThreadPool } from 'thread-system';
    const request = new AsyncLocalStorage();
    const pool = new ThreadPool({ maxWorkers: 1 });
    async function serve() {
      const store = { body: new Array(1000).fill(1) };
      await request.run(store, async () => { await pool.submit(() => 1); });
      return new WeakRef(store);
    }
    const ref = await serve();
    await request.run({}, async () => { await pool.submit(() => 1); });
    for (let i = 0; i < 50; i++) { await new Promise((resolve) => setTimeout(resolve, 2)); gc(); }
    console.log(ref.deref() === undefined);
    await pool.shutdown();`,
    { flags: ['--expose-gc'] },
  );
  expect(stdout).toBe('true\n');
});
