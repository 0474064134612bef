import { describe, expect, test } from '@jest/globals';
import { AggregatorRegistry, Counter, Registry } from 'prom-client';
import { ThreadPool } from 'thread-system';
import { prometheus, prometheusText } from 'thread-system/metrics';
import { occupy } from '../support/gate.ts';
import { lint, parseText, seriesValue } from '../support/prometheus-text.ts';
import { tasks } from '../support/tasks.ts';

/** Name, type and labels of each metric, without the prefix. */
const TABLE: readonly (readonly [name: string, type: string, labels: readonly string[]])[] = [
  ['jobs_submitted_total', 'counter', ['pool', 'task']],
  ['jobs_settled_total', 'counter', ['pool', 'state', 'task']],
  ['job_errors_total', 'counter', ['code', 'pool']],
  ['job_retries_total', 'counter', ['pool', 'task']],
  ['job_timeouts_total', 'counter', ['pool', 'task']],
  ['jobs_refused_total', 'counter', ['pool', 'reason']],
  ['job_queue_seconds', 'histogram', ['pool', 'task']],
  ['job_run_seconds', 'histogram', ['pool', 'task']],
  ['jobs_pending', 'gauge', ['pool', 'reason']],
  ['jobs_active', 'gauge', ['pool']],
  ['jobs_unsettled', 'gauge', ['pool', 'priority']],
  ['oldest_job_seconds', 'gauge', ['pool']],
  ['workers', 'gauge', ['pool', 'state']],
  ['workers_max', 'gauge', ['pool']],
  ['worker_busy_seconds_total', 'counter', ['pool']],
  ['worker_exits_total', 'counter', ['pool', 'reason']],
  ['event_loop_delay_seconds', 'summary', ['quantile']],
];

const EDGES = [
  ...['0.0001', '0.00025', '0.0005', '0.001', '0.0025', '0.005', '0.01', '0.025', '0.05', '0.1'],
  ...['0.25', '0.5', '1', '2.5', '5', '10', '30', '60', '+Inf'],
];

/** A function of which a pool makes a task of this name. */
function named(name: string): () => void {
  return Object.defineProperty(() => {}, 'name', { value: name });
}

/** A pool that has run one job of each outcome. */
async function usedPool(): Promise<ThreadPool> {
  const pool = new ThreadPool({ maxWorkers: 1 });
  pool.submit(tasks.add, [1, 2]);
  pool.submit(tasks.fail, ['no']).catch(() => {});
  pool.submit(tasks.echo, [1]).cancel();
  await pool.waitAll();
  return pool;
}

/** Both ways to the same metrics. */
const ways = [
  ['prometheusText', async (pools: Record<string, ThreadPool>) => prometheusText(pools)],
  [
    'prom-client',
    async (pools: Record<string, ThreadPool>) => {
      const register = new Registry();
      prometheus(register, { pools });
      return register.metrics();
    },
  ],
] as const;

describe.each(ways)('the metrics by %s', (_way, scrape) => {
  test('are those of the table, with its types and labels', async () => {
    await using pool = await usedPool();
    const families = parseText(await scrape({ main: pool }));
    const own = (labels: object): string[] => Object.keys(labels).filter((label) => label !== 'le');
    const seen = [...families.values()].map(({ name, type, samples }) => [
      name,
      type,
      [...new Set(samples.flatMap(({ labels }) => own(labels)))].sort(),
    ]);
    expect(seen).toEqual(TABLE.map(([name, type, labels]) => [`thread_system_${name}`, type, labels]));
  });

  test('say of each task and pool what its metrics() says', async () => {
    await using pool = await usedPool();
    const families = parseText(await scrape({ main: pool }));
    const value = (name: string, labels: Record<string, string> = {}): number =>
      seriesValue(families, `thread_system_${name}`, { pool: 'main', ...labels });
    expect(value('jobs_submitted_total', { task: 'add' })).toBe(1);
    expect(value('jobs_settled_total', { task: 'add', state: 'completed' })).toBe(1);
    expect(value('jobs_settled_total', { task: 'fail', state: 'failed' })).toBe(1);
    expect(value('jobs_settled_total', { task: 'echo', state: 'cancelled' })).toBe(1);
    expect(value('job_errors_total', { code: 'RangeError' })).toBe(1);
    expect(value('job_run_seconds_count', { task: 'fail' })).toBe(1);
    expect(value('job_run_seconds_count', { task: 'echo' })).toBe(0);
    expect(value('job_run_seconds_sum', { task: 'add' })).toBeCloseTo(
      (pool.metrics().byTask['add']?.executionMs.sum ?? Number.NaN) / 1e3,
      9,
    );
    expect(value('jobs_pending', { reason: 'queued' })).toBe(0);
    expect(value('workers', { state: 'idle' })).toBe(1);
    expect(value('workers_max')).toBe(1);
    expect(value('worker_busy_seconds_total')).toBeCloseTo(pool.metrics().busyMs / 1e3, 9);
  });

  test('have the buckets of the contract, which never fall, and end with the count', async () => {
    await using pool = await usedPool();
    const families = parseText(await scrape({ main: pool }));
    for (const name of ['thread_system_job_queue_seconds', 'thread_system_job_run_seconds']) {
      const all = families.get(name)?.samples ?? [];
      const buckets = all.filter((sample) => sample.name === `${name}_bucket` && sample.labels['task'] === 'add');
      expect(buckets.map(({ labels }) => labels['le'])).toEqual(EDGES);
      const values = buckets.map(({ value }) => value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(values.at(-1)).toBe(seriesValue(families, `${name}_count`, { task: 'add' }));
    }
  });

  test('are clean, also with names of tasks that need escapes', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const names = ['say "hello"', 'back\\slash', 'two\nlines', '\\n', '<img onerror>', '__proto__', 'für 🧵'];
    for (const name of names) pool.submit(named(name));
    await pool.waitAll();
    const families = parseText(await scrape({ 'a "pool"': pool }));
    expect(lint(families)).toEqual([]);
    const submitted = families.get('thread_system_jobs_submitted_total')?.samples ?? [];
    expect(submitted.map(({ labels }) => labels['task'])).toEqual(names);
    expect(submitted.map(({ labels }) => labels['pool'])).toEqual(names.map(() => 'a "pool"'));
  });

  test('show what waits, and since when', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using _gate = await occupy(pool);
    pool.submit(tasks.echo, [1]);
    pool.submit(tasks.echo, [2], { delayMs: 1e6 }).catch(() => {});
    const families = parseText(await scrape({ main: pool }));
    expect(seriesValue(families, 'thread_system_jobs_active')).toBe(1);
    expect(seriesValue(families, 'thread_system_jobs_pending', { reason: 'queued' })).toBe(1);
    expect(seriesValue(families, 'thread_system_jobs_pending', { reason: 'held' })).toBe(1);
    expect(seriesValue(families, 'thread_system_jobs_unsettled', { priority: '2' })).toBe(3);
    expect(seriesValue(families, 'thread_system_oldest_job_seconds')).toBeGreaterThan(0);
    expect(seriesValue(families, 'thread_system_workers', { state: 'busy' })).toBe(1);
    await pool.shutdown({ mode: 'abort' });
  });

  test('read each pool once a scrape', async () => {
    await using pool = await usedPool();
    let readings = 0;
    const counted = {
      maxWorkers: 1,
      metrics: () => {
        readings++;
        return pool.metrics();
      },
    };
    await scrape({ main: counted as unknown as ThreadPool, again: counted as unknown as ThreadPool });
    expect(readings).toBe(2);
  });
});

describe('a registry of prom-client', () => {
  test('prints the pools anew at each scrape, and as OpenMetrics when it is set to that', async () => {
    await using pool = await usedPool();
    const register = new Registry();
    prometheus(register, { pools: { main: pool } });
    const before = parseText(await register.metrics());
    await pool.submit(tasks.add, [1, 2]);
    register.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8' as never);
    const text = await register.metrics();
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(text).toContain('# TYPE thread_system_jobs_submitted counter\n');
    expect(text).toContain('thread_system_jobs_submitted_total{pool="main",task="add"} 2\n');
    expect(text).not.toContain('_total_total');
    register.setContentType(Registry.PROMETHEUS_CONTENT_TYPE);
    const after = parseText(await register.metrics());
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(seriesValue(before, 'thread_system_jobs_submitted_total', { task: 'add' })).toBe(1);
    expect(seriesValue(after, 'thread_system_jobs_submitted_total', { task: 'add' })).toBe(2);
  });

  test('prints the same as prometheusText does', async () => {
    await using pool = await usedPool();
    const register = new Registry();
    prometheus(register, { pools: { main: pool } });
    const still = (text: string): unknown[] =>
      [...parseText(text).values()].filter(({ name }) => !name.includes('event_loop_delay'));
    expect(still(await register.metrics())).toEqual(still(prometheusText({ main: pool })));
  });

  test('adds up over processes', async () => {
    await using first = await usedPool();
    await using second = await usedPool();
    const processes = [first, second].map((pool) => {
      const register = new Registry();
      prometheus(register, { pools: { main: pool } });
      return register.getMetricsAsJSON();
    });
    const total = parseText(await AggregatorRegistry.aggregate(await Promise.all(processes)).metrics());
    expect(seriesValue(total, 'thread_system_jobs_submitted_total', { task: 'add' })).toBe(2);
    expect(seriesValue(total, 'thread_system_job_run_seconds_count', { task: 'add' })).toBe(2);
    expect(seriesValue(total, 'thread_system_job_run_seconds_bucket', { task: 'add', le: '+Inf' })).toBe(2);
    expect(seriesValue(total, 'thread_system_workers_max')).toBe(2);
    expect(lint(total)).toEqual([]);
  });

  test('keeps its own default labels, and ours, apart from those of each metric', async () => {
    await using pool = await usedPool();
    const register = new Registry();
    register.setDefaultLabels({ app: 'mill' });
    prometheus(register, { pools: { main: pool }, labels: { region: 'eu' }, prefix: 'mill_' });
    const families = parseText(await register.metrics());
    expect(families.get('mill_jobs_active')?.samples).toEqual([
      { name: 'mill_jobs_active', labels: { region: 'eu', pool: 'main', app: 'mill' }, value: 0 },
    ]);
  });

  test('is as it was before if a name is taken, and once the metrics are removed', async () => {
    await using pool = await usedPool();
    const register = new Registry();
    const taken = new Counter({ name: 'thread_system_workers_max', help: 'of another', registers: [register] });
    expect(() => prometheus(register, { pools: { main: pool } })).toThrow('thread_system_workers_max');
    expect(register.getMetricsAsArray()).toEqual([taken]);
    register.clear();
    const remove = prometheus(register, { pools: { main: pool } });
    expect(register.getMetricsAsArray()).toHaveLength(TABLE.length);
    remove();
    expect(register.getMetricsAsArray()).toEqual([]);
    prometheus(register, { pools: { main: pool } });
    remove(); // not those of the later call
    expect(register.getMetricsAsArray()).toHaveLength(TABLE.length);
  });

  test('does not count anew when it is reset', async () => {
    await using pool = await usedPool();
    const register = new Registry();
    prometheus(register, { pools: { main: pool } });
    register.resetMetrics();
    expect(
      seriesValue(parseText(await register.metrics()), 'thread_system_jobs_submitted_total', { task: 'add' }),
    ).toBe(1);
  });
});

describe('options', () => {
  test('tasks: false counts all tasks of a pool together', async () => {
    await using pool = await usedPool();
    const families = parseText(prometheusText({ main: pool }, { tasks: false }));
    expect(seriesValue(families, 'thread_system_jobs_submitted_total')).toBe(3);
    expect(seriesValue(families, 'thread_system_job_run_seconds_count')).toBe(2);
    expect([...families.values()].flatMap(({ samples }) => samples).some(({ labels }) => 'task' in labels)).toBe(false);
  });

  test('buckets sets the edges', async () => {
    await using pool = await usedPool();
    const text = prometheusText({ main: pool }, { buckets: [0.5, 1e9], tasks: false });
    const samples = parseText(text).get('thread_system_job_run_seconds')?.samples ?? [];
    expect(samples.map(({ labels, value }) => [labels['le'], value]).slice(0, 3)).toEqual([
      ['0.5', 2],
      ['1000000000', 2],
      ['+Inf', 2],
    ]);
  });

  test.each<[unknown, unknown, string]>([
    [undefined, {}, 'pools must be an object, received undefined'],
    [{ main: {} }, {}, 'pools.main must be a ThreadPool, received an object'],
    [new ThreadPool(), {}, 'pools must be an object { name: pool }, received an instance of ThreadPool'],
    [{}, { prefix: '1st' }, "prefix must match ^[a-zA-Z_:][a-zA-Z0-9_:]*$, received '1st'"],
    [{}, { prefix: 1 }, 'prefix must be a string, received 1'],
    [{}, { buckets: 'fine' }, "buckets must be an array, received 'fine'"],
    [{}, { buckets: [] }, 'buckets must have at least one edge'],
    [{}, { buckets: [1, 'x'] }, "buckets[1] must be a number, received 'x'"],
    [{}, { buckets: [2, 1] }, 'buckets must be finite numbers of seconds above 0, ascending, received [2, 1]'],
    [{}, { buckets: [1, Infinity] }, 'above 0, ascending, received [1, Infinity]'],
    [{}, { buckets: [Number.NaN] }, 'above 0, ascending, received [NaN]'],
    [{}, { tasks: 'yes' }, "tasks must be a boolean, received 'yes'"],
    [{}, { labels: { 'a-b': 'x' } }, "received 'a-b'"],
    [{}, { labels: { task: 'x' } }, "labels must not have 'task', which the metrics set"],
    [{}, { labels: { region: 1 } }, 'labels.region must be a string, received 1'],
    [{}, { label: {} }, "there is no option 'label' (did you mean 'labels'?)"],
  ])('are refused by name: %p, %p', (pools, options, message) => {
    expect(() => prometheusText(pools as never, options as never)).toThrow(message);
    expect(() => prometheusText(pools as never, options as never)).toThrow(/^Cannot write metrics for Prometheus: /);
  });

  test('a registry is recognized, and what to install is said where none is', () => {
    const call =
      (register: unknown): (() => void) =>
      () =>
        prometheus(register as never, { pools: {} });
    for (const wrong of [undefined, {}, 'register', { registerMetric: 1 }])
      expect(call(wrong)).toThrow(/register must be a Registry of prom-client \(npm install prom-client@\^15\.1\)/);
    expect(() => prometheus(new Registry(), undefined as never)).toThrow('pools must be an object');
  });
});

test('counters never fall: over setPriority, resize, a dying thread and shutdown', async () => {
  const pool = new ThreadPool({ maxWorkers: 2 });
  const seen = new Map<string, number>();
  const falls: string[] = [];
  const look = (): void => {
    for (const { name, type, samples } of parseText(prometheusText({ main: pool })).values()) {
      if (type !== 'counter' && type !== 'histogram') continue;
      for (const sample of samples) {
        const key = JSON.stringify([sample.name, sample.labels]);
        if (sample.value < (seen.get(key) ?? 0)) falls.push(`${name} ${key}`);
        seen.set(key, sample.value);
      }
    }
  };
  pool.on('jobCompleted', look);
  pool.on('workerExited', look);
  {
    using gate = await occupy(pool);
    const waiting = [1, 2, 3].map((value) => pool.submit(tasks.echo, [value]));
    look();
    for (const job of waiting) job.setPriority(4);
    look();
    gate.open();
  }
  const dying = [0, 1].map((code) => pool.submit(tasks.exit, [code]).catch(() => {}));
  look();
  await Promise.all(dying);
  look();
  pool.resize(1);
  look();
  await pool.submit(tasks.add, [1, 2]);
  look();
  await pool.shutdown();
  look();
  expect(falls).toEqual([]);
  expect(seen.size).toBeGreaterThan(100);
});

test('the delay of the event loop is seen, in seconds', async () => {
  const register = new Registry();
  prometheus(register, { pools: {} });
  const delayAt = async (quantile: string): Promise<number> =>
    seriesValue(parseText(await register.metrics()), 'thread_system_event_loop_delay_seconds', { quantile });
  const probes = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20)); // made every 10 ms
  let longest = 0;
  while (longest < 0.15) {
    await probes();
    for (const end = performance.now() + 200; performance.now() < end; );
    await probes();
    longest = await delayAt('1');
  }
  expect(longest).toBeLessThan(60);
  expect(await delayAt('1')).toBeLessThan(longest); // of the time since the last scrape
});
