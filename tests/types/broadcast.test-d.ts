// As submit.test-d.ts.
import { type ReservedWorkers, ThreadPool, taskModule } from 'thread-system';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<Expected>(): <Actual>(
  value: Actual & (Same<Actual, Expected> extends true ? unknown : never),
) => void;

declare const pool: ThreadPool;
const tasks = taskModule<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url));

// a broadcast gives a list of what its task results in
expectType<Promise<number[]>>()(pool.broadcast((x: number) => x, [1]));
expectType<Promise<string[]>>()(pool.broadcast(async () => 'done'));
expectType<Promise<string[]>>()(pool.broadcast(tasks.repeat, ['a', 1]));
expectType<Promise<'end'[]>>()(
  pool.broadcast(function* (): Generator<number, 'end'> {
    yield 1;
    return 'end';
  }),
);
// @ts-expect-error: the argument is missing
void pool.broadcast((x: number) => x);
// @ts-expect-error: the second argument is a number
void pool.broadcast(tasks.repeat, ['a', 'b']);
// @ts-expect-error: it is no job, and takes no options
void pool.broadcast(() => 1, [], { priority: 3 });
// @ts-expect-error: it is no task
void pool.broadcast('reload');

const reserved: ReservedWorkers[] = [{ atLeast: 3, workers: 1 }];
new ThreadPool({ reserved, setup: tasks.repeat, setupArgs: ['a', 1], teardown: async () => {} });
new ThreadPool({ setup: (path: string) => path, setupArgs: ['/'] as const });
// @ts-expect-error: how many is missing
new ThreadPool({ reserved: [{ atLeast: 3 }] });
// @ts-expect-error: it is no task
new ThreadPool({ setup: 'open' });
