// As submit.test-d.ts.
import type { Submitter, ThreadPool } from 'thread-system';
import { type ClusterPool, remoteTasks } from 'thread-system/cluster';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<Expected>(): <Actual>(
  value: Actual & (Same<Actual, Expected> extends true ? unknown : never),
) => void;

declare const local: ThreadPool;
declare const cluster: ClusterPool;
const tasks = remoteTasks<typeof import('./tasks.ts')>();

// both kinds of pool are submitters, and their jobs, groups and schedules have the types of their tasks
const submitters: Submitter[] = [local, cluster];
for (const pool of submitters) {
  expectType<string>()(await pool.submit(tasks.repeat, ['a', 1], { priority: 3, key: 'one' }));
  expectType<boolean>()(await pool.submit(tasks.repeat, ['a', 1]).cancel());
  expectType<string[]>()(await pool.map(tasks.repeat, ['a'], { args: [1] }));
  expectType<string>()(await pool.group('part').submit(tasks.repeat, ['a', 1]));
  expectType<Date | undefined>()((await pool.schedule(tasks.repeat, ['a', 1], { id: 'a', everyMs: 5 })).next);
  pool.on('jobFailed', ({ id }) => expectType<number | string>()(id));
  expectType<number>()(await pool.cancelAll((job) => job.priority > 2));
  // @ts-expect-error: not every kind of pool moves
  pool.submit(tasks.repeat, ['a', 1], { transfer: [] });
}

// a found job is no result
const found = await cluster.job('id');
expectType<string | undefined>()(found?.id);
expectType<unknown>()(await found?.finally());
