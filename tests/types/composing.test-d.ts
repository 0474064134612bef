// Type tests, as of submit.test-d.ts: what results in what, for groups, graphs, loops over jobs, threads and children.
import { type Job, JobGraph, type JobGroup, Thread, type ThreadPool, taskModule } from 'thread-system';
import type { ChildJob, CurrentJob } from 'thread-system/worker';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<Expected>(): <Actual>(
  value: Actual & (Same<Actual, Expected> extends true ? unknown : never),
) => void;

declare const pool: ThreadPool;
declare const group: JobGroup;
declare const job: CurrentJob;
const tasks = taskModule<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url));

// a group submits as a pool does
expectType<Job<string>>()(group.submit(tasks.repeat, ['ab', 2]));
expectType<number>()(await group.submit((x: number) => x + 1, [1]));
expectType<string[]>()(await Promise.all(group.submitMany(tasks.repeat, [['a', 1]])));
// @ts-expect-error: the second argument is a number
group.submit(tasks.repeat, ['ab', 'c']);
// @ts-expect-error: the arguments are missing
group.submit(tasks.repeat);

// a loop gives the jobs, not what they result in
for await (const each of pool.asCompleted([pool.submit(tasks.repeat, ['a', 1])])) {
  expectType<string | undefined>()(each.result);
  const same: Job<string> = each;
  void same;
}
for await (const each of pool.results({ limit: 5 })) expectType<unknown>()(each.result);
for await (const each of pool.failures()) expectType<unknown>()(each.error);
// @ts-expect-error: these are no jobs
pool.asCompleted([1]);

// an output stands where its result fits, at any depth
const graph = new JobGraph();
const text = graph.add('text', tasks.repeat, ['a', 2]);
const count = graph.add('count', tasks.walk, [text.output]);
expectType<string | undefined>()(text.job?.result);
expectType<number | undefined>()(count.job?.result);
graph.add('twice', tasks.repeat, [text.output, count.output]);
graph.add('deep', (x: { list: number[]; text: string }) => x, [{ list: [1, count.output], text: text.output }]);
graph.add('none', tasks.greet);
graph.add('fallback', tasks.repeat, ['a', 1], { fallback: tasks.greet, retry: { maxAttempts: 2 } });
graph.connect(text, count);
// @ts-expect-error: a number is no text
graph.add('bad', tasks.repeat, [count.output, 2]);
// @ts-expect-error: deep within neither
graph.add('bad', (x: { list: number[] }) => x, [{ list: [text.output] }]);
// @ts-expect-error: a node has no key
graph.add('bad', tasks.repeat, ['a', 1], { key: 1 });

// a thread is joined with what its task returns
expectType<string>()(await Thread.run('t', tasks.repeat, ['a', 1]).join());
expectType<Thread<number>>()(Thread.run('t', tasks.greet).run('child', tasks.fetchLength, [new URL('file:///')]));
// @ts-expect-error: the arguments are missing
Thread.run('t', tasks.repeat);

// a schedule has the arguments of its task
pool.schedule(tasks.repeat, ['a', 1], { everyMs: 5 });
// @ts-expect-error: the second argument is a number
pool.schedule(tasks.repeat, ['a', 'b'], { everyMs: 5 });
// @ts-expect-error: a run has no dependencies
pool.schedule(tasks.repeat, ['a', 1], { everyMs: 5, dependsOn: [] });

// a child results in what its task does: a function, one that is async, a generator, one that calls itself
expectType<ChildJob<number>>()(job.submit((x: number) => x + 1, [1]));
expectType<string>()(await job.submit(async (x: number) => String(x), [1]));
expectType<'end'>()(
  await job.submit(function* (): Generator<number, 'end'> {
    yield 1;
    return 'end';
  }),
);
async function fibonacci(n: number): Promise<number> {
  if (n < 2) return n;
  const [a, b] = [job.submit(fibonacci, [n - 1]), job.submit(fibonacci, [n - 2])];
  return (await a) + (await b);
}
expectType<number>()(await job.submit(fibonacci, [1], { priority: 3, name: 'f' }));
expectType<string>()(await job.submit(tasks.repeat, ['ab', 2]));
expectType<number>()(await job.submit(tasks.walk, ['/']));
expectType<ChildJob<string>>()(job.submit(tasks.greet));
// @ts-expect-error: the second argument is a number
void job.submit(tasks.repeat, ['ab', 'c']);
// @ts-expect-error: the argument is a number
void job.submit((x: number) => x, ['1']);
// @ts-expect-error: a child has no key
void job.submit(() => 1, [], { key: 1 });
