import { expect, test } from '@jest/globals';
import { type CurrentJob, JobGraph, Mutex, NotCloneableError, Thread, ThreadPool } from 'thread-system';
import { tasks } from '../support/tasks.ts';

test.each(['thread', 'process', 'inline'] as const)(
  'an argument that stays on its thread is named, with what to do instead, kind %s',
  async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const graph = new JobGraph();
    const node = graph.add('load', tasks.add, [1, 2]);
    const schedule = pool.schedule(tasks.add, [1, 2], { everyMs: 1e6 });
    const thread = Thread.run('own', tasks.add, [1, 2]);
    const mutex = new Mutex();
    const map = pool.map((x: number) => x, [1]);
    await Promise.all([map, thread.join()]);
    const cases: [unknown, RegExp][] = [
      [pool.submit(tasks.add, [1, 2]), /job 'add'; await it first and pass its result/],
      [node, /node 'load' of a JobGraph; pass its output/],
      [node.output, /the output of node 'load'; pass it to nodes of its graph/],
      [graph, /a JobGraph; run it first/],
      [pool.group('nightly'), /group 'nightly'; pass group.token/],
      [pool, /a ThreadPool, .*currentJob\(\)\.submit\(\)/],
      [schedule, /a Schedule; await schedule\.job/],
      [map, /a map of '\w*'; await it first/],
      [thread, /thread 'own'; pass thread\.stopped/],
      [tasks.add, /task 'add' of a taskModule\(\); submit it/],
      [tasks, /the taskModule\(\) of file:.*; submit its functions, or pass its url/],
      [mutex.tryLock(), /a lease, which its thread holds; pass the mutex/],
    ];
    for (const [value, advice] of cases)
      for (const [args, path] of [
        [[value], 'args[0]'],
        [[1, { deep: [value] }], 'args[1].deep[0]'],
        [[new Map([['key', value]])], 'args[0].get("key")'],
        [[new Set([value])], 'args[0].values()[0]'],
      ] as const) {
        const error = await pool.submit(tasks.many, [...args]).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(NotCloneableError);
        expect(error).toMatchObject({ path, message: expect.stringMatching(advice) });
        expect(String(error)).toContain(`Cannot send ${path} to another`);
        expect(String(error)).not.toContain('uncloneable');
      }
    schedule.cancel();
  },
);

test('is found in a Map or a Set of a class that iterates in its own way', async () => {
  class OwnMap extends Map<unknown, unknown> {
    override [Symbol.iterator](): never {
      throw new Error('own iterator');
    }
  }
  class OwnSet extends Set<unknown> {
    override [Symbol.iterator](): never {
      throw new Error('own iterator');
    }
  }
  const [map, set] = [new OwnMap(), new OwnSet()];
  await using pool = new ThreadPool({ maxWorkers: 1 });
  map.set('key', pool);
  set.add(pool);
  await expect(pool.submit(tasks.many, [map])).rejects.toMatchObject({ path: 'args[0].get("key")' });
  await expect(pool.submit(tasks.many, [set])).rejects.toMatchObject({ path: 'args[0].values()[0]' });
  // what can cross does so from there
  const mutex = new Mutex();
  const [lockOf, locks] = [new OwnMap(), new OwnSet()];
  lockOf.set('key', mutex);
  locks.add(mutex);
  const lock = (map: Map<string, Mutex>, [first]: Set<Mutex>): boolean =>
    map.get('key') === first && first?.tryLock() !== null;
  expect(await pool.submit(lock, [lockOf as Map<string, Mutex>, locks as Set<Mutex>])).toBe(true);
});

test('in a task: the current job, a child', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const message = await pool.submit(async function (this: CurrentJob) {
    const child = this.submit(() => 1);
    const errors: string[] = [];
    for (const value of [this, [child]]) {
      try {
        this.report(value);
      } catch (error) {
        errors.push(String(error));
      }
    }
    await child;
    return errors;
  });
  expect(message).toEqual([
    expect.stringMatching(/report to another thread: it is the current job '\w*'; pass what is needed/),
    expect.stringMatching(/report\[0\] to another thread: it is child job '\w*'; await it first/),
  ]);
});
