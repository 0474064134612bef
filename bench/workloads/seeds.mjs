import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure, timed, trampoline } from '../measure.mjs';

export const name = 'seeds';

const identity = (x) => x;

/** The workloads that other systems publish figures of, with those figures. */
const workloads = [
  {
    workload: "fastthreadpool's `ex_simple_sum`: 50,000 identity jobs by `submit`",
    jobs: 50_000,
    run: submitAll,
    unit: 's',
    published: [
      { name: 'fastthreadpool.submit', value: 0.494 },
      { name: 'multiprocessing.pool.ThreadPool.apply_async', value: 21.28 },
    ],
    source: 'fastthreadpool, README, Benchmarks (Celeron N3160)',
  },
  {
    workload: "fastthreadpool's `ex_simple_sum`: 50,000 identity jobs by `map`",
    jobs: 50_000,
    run: mapAll,
    unit: 's',
    published: [
      { name: 'fastthreadpool.map', value: 0.048 },
      { name: 'multiprocessing.pool.ThreadPool.map_async', value: 0.111 },
    ],
    source: 'fastthreadpool, README, Benchmarks (Celeron N3160)',
  },
  {
    workload: "python_thread_system's trivial jobs: 100,000 by `submit`",
    jobs: 100_000,
    run: submitAll,
    unit: 'jobs/s',
    published: [
      { name: 'python_thread_system', value: 100_000 },
      { name: 'thread_system (C++)', value: 13_000_000 },
    ],
    source: 'python_thread_system, README, Comparison with C++ thread_system (machine not named)',
  },
];

export async function run(how) {
  const pool = openPool();
  const rows = [];
  for (const { workload, jobs, run: runAll, unit, published, source } of workloads) {
    const count = how.size(jobs, jobs / 5);
    const contender = { name: 'thread-system', setting: runAll === mapAll ? 'map' : 'submit, waitAll' };
    const [values] = await trampoline(
      [contender],
      async () => {
        const { ms, result } = await timed(() => runAll(pool, count));
        const sum = result.reduce((a, b) => a + b, 0);
        if (sum !== (count * (count - 1)) / 2) throw new Error(`The sum is ${sum}`);
        return unit === 's' ? ms / 1000 : (count / ms) * 1000;
      },
      how.rounds(5),
    );
    rows.push({
      workload,
      unit,
      better: unit === 's' ? 'less' : 'more',
      figures: [figure(contender, values)],
      judged: 'value',
      limit: undefined,
      published: { figures: published, source },
    });
  }
  await pool.shutdown();
  return rows;
}

async function submitAll(pool, count) {
  const jobs = [];
  for (let i = 0; i < count; i++) jobs.push(pool.submit(tasks.noop, [i]));
  await pool.waitAll();
  return jobs.map((job) => job.result);
}

async function mapAll(pool, count) {
  return await pool.map(
    identity,
    Array.from({ length: count }, (_, index) => index),
  );
}
