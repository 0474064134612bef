// Type tests: compiled by `npm run typecheck`, never run. `expectType<Expected>()(value)` compiles only when the value's
// type is Expected, no wider and no narrower; a line below @ts-expect-error must not compile.

import { AsyncLocalStorage } from 'node:async_hooks';
import { Job, JobPriority, JobState, type ThreadPool, taskModule } from 'thread-system';
import type { CurrentJob, currentJob } from 'thread-system/worker';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<Expected>(): <Actual>(
  value: Actual & (Same<Actual, Expected> extends true ? unknown : never),
) => void;

declare const pool: ThreadPool;
const tasks = taskModule<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url));

// an inline function gives the types of its arguments and of its result
const sum = pool.submit((x: number, y: number) => x + y, [5, 10], { priority: JobPriority.HIGH, name: 'sum' });
expectType<Job<number>>()(sum);
expectType<number>()(await sum);
expectType<number | undefined>()(sum.result);
expectType<boolean>()(sum.cancel('enough'));
// @ts-expect-error: the second argument is a number
pool.submit((x: number, y: number) => x + y, [5, '10']);
// @ts-expect-error: the second argument is missing
pool.submit((x: number, y: number) => x + y, [5]);
// @ts-expect-error: a third argument is not taken
pool.submit((x: number, y: number) => x + y, [5, 10, 15]);
// @ts-expect-error: the arguments are missing
pool.submit((x: number, y: number) => x + y);
// @ts-expect-error: there is no such option
pool.submit((x: number) => x, [5], { prority: 1 });
// @ts-expect-error: a priority is a number
pool.submit((x: number) => x, [5], { priority: 'HIGH' });

// arguments may be left out only where the function needs none
expectType<Job<string>>()(pool.submit(() => 'done'));
expectType<Job<string>>()(pool.submit(() => 'done', []));
expectType<Job<string>>()(pool.submit(() => 'done', [], { front: true }));
expectType<Job<number>>()(pool.submit((x?: number) => x ?? 0));
expectType<Job<number>>()(pool.submit((x?: number) => x ?? 0, [1]));
expectType<Job<number>>()(pool.submit((...all: number[]) => all.length));
// @ts-expect-error: the optional argument is a number
pool.submit((x?: number) => x ?? 0, ['1']);

// an argument list may be readonly
const pair: readonly [number, number] = [5, 10];
expectType<Job<number>>()(pool.submit((x: number, y: number) => x + y, pair));

// an async function gives what it resolves to, a generator what it returns
expectType<Job<string>>()(pool.submit(async (x: number) => String(x), [1]));
expectType<Job<void>>()(pool.submit(async () => {}));
const steps: Job<'end'> = pool.submit(function* (): Generator<number, 'end'> {
  yield 1;
  return 'end';
});
expectType<'end'>()(await steps);
const asyncSteps: Job<boolean> = pool.submit(
  async function* (n: number): AsyncGenerator<number, boolean> {
    yield n;
    return n > 0;
  },
  [1],
);
expectType<boolean>()(await asyncSteps);

// `this` of a function is the job it runs for
expectType<Job<string>>()(
  pool.submit(
    function (this: ReturnType<typeof currentJob>, x: number) {
      this.throwIfCancelled();
      return `${this.name} ${x}`;
    },
    [1],
  ),
);

// the context is of the type that the task says; any value may be missing, as who submits may have none
declare const job: typeof currentJob;
expectType<unknown>()(job().context.trace);
expectType<{ id: string } | undefined>()(job<{ trace: { id: string } }>().context.trace);
// @ts-expect-error: there is no such value
job<{ trace: string }>().context.trac;
// @ts-expect-error: it cannot be changed
job<{ trace: string }>().context.trace = 'other';
expectType<Job<string | undefined>>()(
  pool.submit(
    function (this: CurrentJob<{ trace: string }>) {
      return this.context.trace;
    },
    [],
    { context: { trace: new AsyncLocalStorage<string>(), other: { getStore: () => 5 } } },
  ),
);
// it also has the pool's functions, with their arguments and results
const asked = job<{ find(id: number): Promise<{ name: string }>; now: () => Date; trace: { id: string } }>();
expectType<{ name: string }>()(await asked.call('find', 1));
expectType<{ name: string }>()(asked.callSync('find', 1));
expectType<Date>()(asked.callSync('now'));
expectType<{ id: string } | undefined>()(asked.context.trace);
// @ts-expect-error: a function is no value of the context
asked.context.find;
// @ts-expect-error: there is no such function
void asked.call('trace');
// @ts-expect-error: the argument is a number
void asked.call('find', 'one');
expectType<unknown>()(await job().call('any', 1, 'two'));

// messages of any type go to a job's code
expectType<boolean>()(sum.post({ any: 'message' }));
sum.post(new Uint8Array(8), [new ArrayBuffer(8)]);
// @ts-expect-error: a list of objects to move
sum.post(1, 2);
expectType<unknown>()(job().receiveSync({ timeoutMs: 5 }));

// @ts-expect-error: a value is no store
pool.submit(() => 1, [], { context: { trace: 'x' } });

// a task module gives the types of its functions
expectType<Job<string>>()(pool.submit(tasks.repeat, ['ab', 2]));
expectType<string>()(await pool.submit(tasks.repeat, ['ab', 2]));
expectType<Job<number>>()(pool.submit(tasks.fetchLength, [new URL('file:///')]));
expectType<number>()(await pool.submit(tasks.walk, ['/']));
expectType<Job<string>>()(pool.submit(tasks.greet));
expectType<Job<string>>()(pool.submit(tasks.greet, ['you']));
// @ts-expect-error: the second argument is a number
pool.submit(tasks.repeat, ['ab', 'c']);
// @ts-expect-error: the second argument is missing
pool.submit(tasks.repeat, ['ab']);
// @ts-expect-error: the arguments are missing
pool.submit(tasks.repeat);
// @ts-expect-error: there is no such option
pool.submit(tasks.repeat, ['ab', 2], { prority: 1 });
// @ts-expect-error: the module exports no such name
pool.submit(tasks.repeatt, ['ab', 2]);
// @ts-expect-error: what it exports under this name is no function
pool.submit(tasks.LIMIT, []);

// a Job made first comes back as what it was
const made: Job<string> = new Job(tasks.repeat, ['ab', 2], { name: 'made', priority: 3 });
expectType<Job<string>>()(pool.submitJob(made));

// submitMany takes a list of argument lists
const sums = pool.submitMany(
  (x: number, y: number) => x + y,
  [
    [1, 2],
    [3, 4],
  ],
);
expectType<Job<number> | undefined>()(sums[0]);
expectType<string[]>()(await Promise.all(pool.submitMany(tasks.repeat, [['a', 1]], { priority: JobPriority.LOW })));
// @ts-expect-error: the second list lacks an argument
pool.submitMany((x: number, y: number) => x + y, [[1, 2], [3]]);

// a job made first is typed by its task, too
expectType<Job<string>>()(pool.submitJob(new Job(tasks.repeat, ['a', 2], { name: 'twice' })));
expectType<number>()(await new Job((x: number) => x + 1, [1]));
// @ts-expect-error: a number is no text
new Job(tasks.repeat, [1, 2]);
// @ts-expect-error: the arguments are missing
new Job(tasks.repeat);

// states and priorities are literals
expectType<JobState>()(sum.state);
expectType<'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'>()(sum.state);
expectType<'RUNNING'>()(JobState.RUNNING);
expectType<3>()(JobPriority.HIGH);
expectType<0 | 1 | 2 | 3 | 4>()(JobPriority.LOWEST as JobPriority);
// @ts-expect-error: there is no such state
const unknownState: JobState = 'DONE';
// @ts-expect-error: a state cannot be assigned
JobState.RUNNING = 'RUNNING';
// @ts-expect-error: a priority cannot be assigned
JobPriority.HIGH = 5;
void unknownState;

// map: the item's type comes from the items, the results' from the task
expectType<string[]>()(await pool.map((x) => String(x + 1), [1, 2, 3]));
expectType<number[]>()(await pool.map(async (text: string) => text.length, new Set(['a'])));
expectType<Float64Array<ArrayBuffer>>()(await pool.map((x) => x * 2, new Float64Array(3)));
expectType<BigInt64Array<ArrayBuffer>>()(await pool.map((x) => x * 2n, new BigInt64Array(3)));
for await (const value of pool.map((x: number) => ({ x }), [1], {
  chunk: 10,
  ordered: false,
  concurrency: 2,
  priority: 3,
}))
  expectType<{ x: number }>()(value);
// @ts-expect-error: the items are not what the task takes
pool.map((x: string) => x, [1]);
// @ts-expect-error: a map has nothing to transfer
pool.map((x: number) => x, [1], { transfer: [] });
