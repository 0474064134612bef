import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CancellationToken, type Job, type PoolMetrics, ThreadPool, taskModule } from 'thread-system';
import { fixture, tasks } from '../support/tasks.ts';

interface ChaosTasks {
  quick(value: number): number;
  throwing(): never;
  dying(): never;
  busy(turns: number): number;
  polite(turns: number): number;
  later(turns: number): Promise<number>;
  unclonable(): () => void;
}
const chaos = taskModule<ChaosTasks>(fixture('chaos.mjs'));

type Step =
  | {
      readonly kind: 'submit';
      readonly task: Exclude<keyof ChaosTasks, 'dying'>;
      readonly priority: number;
      readonly front: boolean;
    }
  | { readonly kind: 'die' }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'reprioritise'; readonly which: number; readonly priority: number }
  | { readonly kind: 'cancelToken' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'turn' };

const which = fc.nat({ max: 200 });
const priority = fc.integer({ min: -2, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      task: fc.constantFrom('quick', 'throwing', 'busy', 'polite', 'later', 'unclonable'),
      priority,
      front: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'die' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reprioritise' as const), which, priority }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancelToken' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'resume' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'turn' as const }) },
);
const scenario = fc.record({
  steps: fc.array(step, { minLength: 20, maxLength: 120 }),
  maxWorkers: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.constantFrom(1, 1, 3),
  mode: fc.constantFrom('drain' as const, 'finishRunning' as const, 'abort' as const),
});

function expectBalance({ submitted, pending, active, completed, failed, cancelled }: PoolMetrics): void {
  if (pending + active + completed + failed + cancelled === submitted && pending >= 0 && active >= 0) return;
  throw new Error(`out of balance: ${JSON.stringify({ submitted, pending, active, completed, failed, cancelled })}`);
}

/** A pool whose jobs are watched: how often each settles, and whether the numbers balance whenever anybody could look. */
class WatchedPool implements AsyncDisposable {
  readonly pool: ThreadPool;
  readonly jobs: Job[] = [];
  readonly events = new Map<number, string[]>();
  readonly promises: Promise<string>[] = [];
  readonly faults: unknown[] = [];

  constructor(maxWorkers: number, concurrency: number) {
    this.pool = new ThreadPool({ maxWorkers, concurrency, graceMs: 20 });
    for (const event of ['jobCompleted', 'jobFailed', 'jobCancelled'] as const)
      this.pool.on(event, (job) => this.#onSettled(event, job));
  }

  add(job: Job): void {
    this.jobs.push(job);
    if (this.jobs.length % 2 === 0) return; // half of them nobody awaits
    this.promises.push(
      job.then(
        () => 'COMPLETED',
        () => job.state,
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.shutdown({ mode: 'abort' });
  }

  // foreign code that calls back: I7 says that it finds everything consistent
  #onSettled(event: string, job: Job): void {
    try {
      expectBalance(this.pool.metrics());
      if (job.state === 'PENDING' || job.state === 'RUNNING')
        throw new Error(`told of job ${job.id} while ${job.state}`);
      if (job.cancel('too late')) throw new Error(`job ${job.id} could be cancelled after ${event}`);
      this.events.set(job.id, [...(this.events.get(job.id) ?? []), event]);
    } catch (fault) {
      this.faults.push(fault);
    }
  }
}

async function play(watched: WatchedPool, steps: readonly Step[]): Promise<void> {
  const { pool, jobs } = watched;
  let token = new CancellationToken();
  for (const each of steps) {
    const target = 'which' in each ? jobs[each.which % Math.max(1, jobs.length)] : undefined;
    switch (each.kind) {
      case 'submit': {
        const options = { priority: each.priority, front: each.front, ...(jobs.length % 3 === 0 ? { token } : {}) };
        watched.add(pool.submit(chaos[each.task], [300] as never, options) as Job);
        break;
      }
      case 'die':
        watched.add(pool.submit(chaos.dying) as Job);
        break;
      case 'cancel':
        target?.cancel('by chance');
        break;
      case 'reprioritise':
        target?.setPriority(each.priority);
        break;
      case 'cancelToken':
        token.cancel('all');
        token = new CancellationToken();
        break;
      case 'pause':
        pool.pause();
        break;
      case 'resume':
        pool.resume();
        break;
      case 'turn':
        await new Promise((resolve) => setImmediate(resolve));
        break;
    }
    expectBalance(pool.metrics());
  }
}

test('I1, I2, I5, I7: whatever happens, each job settles once, and the numbers balance at every moment', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ steps, maxWorkers, concurrency, mode }) => {
      await using watched = new WatchedPool(maxWorkers, concurrency);
      await play(watched, steps);
      const ended = watched.pool.shutdown({ mode });
      expect(() => watched.pool.submit(tasks.echo, [1])).toThrow('the pool is shut down');
      await ended;
      expect(() => watched.pool.submit(tasks.echo, [1])).toThrow('the pool is shut down');
      expect(watched.faults).toEqual([]);
      const settled = { COMPLETED: 'jobCompleted', FAILED: 'jobFailed', CANCELLED: 'jobCancelled' } as Record<
        string,
        string
      >;
      for (const job of watched.jobs) expect(watched.events.get(job.id)).toEqual([settled[job.state]]);
      const states = await Promise.all(watched.promises);
      expect(states).toEqual(watched.jobs.filter((_job, index) => index % 2 === 0).map((job) => job.state));
      const count = (state: string): number => watched.jobs.filter((job) => job.state === state).length;
      expect(watched.pool.metrics()).toMatchObject({
        submitted: watched.jobs.length,
        completed: count('COMPLETED'),
        failed: count('FAILED'),
        cancelled: count('CANCELLED'),
        pending: 0,
        active: 0,
        workers: [],
      });
    }),
    { numRuns: 40 },
  );
}, 120_000);

test('I1: a job cancelled at the very moment it starts or ends settles once, and as cancel said', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, graceMs: Number.POSITIVE_INFINITY });
  const settled = new Map<number, number>();
  for (const event of ['jobCompleted', 'jobCancelled'] as const)
    pool.on(event, (job) => settled.set(job.id, (settled.get(job.id) ?? 0) + 1));
  const outcomes = { cancelled: 0, completed: 0 };
  for (let round = 0; round < 300; round++) {
    const jobs = Array.from({ length: 20 }, (_, i) => pool.submit(chaos.busy, [i * 40]));
    for (let i = 0; i < round % 5; i++) await Promise.resolve();
    if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    const said = jobs.map((job) => job.cancel());
    await pool.waitAll();
    for (const [index, job] of jobs.entries()) {
      expect(job.state).toBe(said[index] ? 'CANCELLED' : 'COMPLETED');
      outcomes[said[index] ? 'cancelled' : 'completed']++;
    }
  }
  expect(settled.size).toBe(6000);
  expect(new Set(settled.values())).toEqual(new Set([1]));
  expect(outcomes.cancelled).toBeGreaterThan(0);
}, 60_000);
