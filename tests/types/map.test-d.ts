// Type tests, as of submit.test-d.ts: what a map results in, by its options.
import { type JobMap, type MapFailure, type Mutex, type SettledItem, type ThreadPool, taskModule } from 'thread-system';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<Expected>(): <Actual>(
  value: Actual & (Same<Actual, Expected> extends true ? unknown : never),
) => void;

declare const pool: ThreadPool;
declare const mutex: Mutex;
declare const sums: Float64Array;
const tasks = taskModule<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url));

// the type of the item comes from the items
expectType<JobMap<string>>()(pool.map((x) => x.toFixed(), [1, 2]));
expectType<JobMap<string>>()(pool.map(async (x) => String(x), new Set([1]), { chunk: 5, ordered: false }));
expectType<Float32Array<ArrayBuffer>>()(await pool.map((x) => x + 1, new Float32Array(5)));

// arguments behind the item
expectType<JobMap<number>>()(
  pool.map((x: number, _m: Mutex, s: Float64Array) => x + s.length, [1], { args: [mutex, sums] }),
);
expectType<JobMap<string>>()(pool.map(tasks.repeat, ['a'], { args: [2] }));
expectType<JobMap<number>>()(pool.map((x: string, radix?: number) => Number.parseInt(x, radix), ['1']));
// @ts-expect-error: the task needs another argument
pool.map(tasks.repeat, ['a']);
// @ts-expect-error: the argument is a number
pool.map(tasks.repeat, ['a'], { args: ['b'] });
// @ts-expect-error: the items are strings
pool.map(tasks.repeat, [1], { args: [2] });

// settled, flat, both
expectType<JobMap<SettledItem<number>>>()(pool.map((x: number) => x, [1], { settled: true }));
expectType<JobMap<number>>()(pool.map((x: number) => x, [1], { settled: false }));
expectType<JobMap<string>>()(pool.map((x: number) => [String(x)], [1], { flat: true }));
expectType<JobMap<string>>()(
  pool.map(
    function* (x: number) {
      yield String(x);
      return 5;
    },
    [1],
    { flat: true },
  ),
);
expectType<JobMap<SettledItem<number>>>()(
  pool.map((x: number) => [x], new Uint8Array(5), { flat: true, settled: true }),
);
for (const result of await pool.map((x: number) => x, [1], { settled: true })) {
  if (result.status === 'fulfilled') expectType<number>()(result.value);
  else expectType<number>()(result.index);
}

const map = pool.map((x: number) => x, [1]);
expectType<MapFailure | undefined>()(map.failure);
expectType<() => void>()(map.onProgress((count, total) => void [count.toFixed(), total?.toFixed()]));
expectType<boolean>()(map.cancel('reason'));
// @ts-expect-error: one job's
pool.map((x: number) => x, [1], { transfer: [] });
