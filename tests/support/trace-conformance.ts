import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool, type ThreadPoolOptions, type TraceEvent } from 'thread-system';
import type { Kind } from './conformance.ts';
import { FileGate, gated } from './file-gate.ts';
import { sharedPool } from './shared-pool.ts';
import { tasks } from './tasks.ts';
import { checked, instantsOf, slicesOf, threadOf, threadsOf } from './trace-schema.ts';

/** The time of `now()` in µs, as traces have it: of the machine's clock, or since 1970 where each thread's clock begins with the thread. */
const nowUs = (): number =>
  'bun' in process.versions || 'deno' in process.versions
    ? (performance.timeOrigin + performance.now()) * 1_000
    : Number(process.hrtime.bigint()) / 1_000;

const ofJob = (events: readonly TraceEvent[], id: number): TraceEvent[] =>
  events.filter((event) => event.id === id || event.args['id'] === id);

/** What a trace shows, in every kind of pool. */
export function describeTraces(kind: Kind): void {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool =>
    new ThreadPool({ kind, maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY, ...options });

  describe('a trace', () => {
    const plainPool = sharedPool(() => makePool({ idleTimeoutMs: Number.POSITIVE_INFINITY }));

    test('has a slice for each of many jobs on two workers, none over another', async () => {
      await using pool = makePool({ maxWorkers: 2, name: 'many' });
      const count = 300;
      const beganAt = nowUs();
      const trace = await pool.trace(() =>
        Promise.all(
          pool.submitMany(
            tasks.echo,
            Array.from({ length: count }, (_, i) => [i]),
          ),
        ),
      );
      const events = checked(trace);
      const slices = slicesOf(events, 'job');
      expect(slices.map(({ name, args }) => [name, args['task'], args['state'], args['attempt']])).toEqual(
        slices.map(() => ['echo', 'echo', 'COMPLETED', 1]),
      );
      expect(new Set(slices.map(({ args }) => args['id'])).size).toBe(count);
      expect(slices).toHaveLength(count);
      expect(events.filter(({ ph }) => ph === 'b')).toHaveLength(count);
      for (const ph of ['s', 't', 'f']) expect(events.filter((event) => event.ph === ph)).toHaveLength(count);
      for (const { ts, dur } of slices) {
        expect(ts).toBeGreaterThan(beganAt);
        expect(ts + dur).toBeLessThan(nowUs());
      }
      expect(events[0]).toMatchObject({ ph: 'M', name: 'process_name', args: { name: 'many' } });
      expect(threadsOf(events).filter((name) => name.startsWith('worker ') && !name.endsWith('gc'))).toEqual(
        pool.metrics().workers.map(({ id }) => `worker ${id}`),
      );
    });

    test('counts the jobs that wait and run, and those that settle in a second', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      const events = checked(
        await pool.trace(async () => {
          const held = pool.submit(gated.hold, [gate.path]);
          const waiting = [1, 2, 3].map((n) => pool.submit(tasks.echo, [n]));
          await gate.reachedBy(1);
          gate.open();
          await Promise.all([held, ...waiting]);
        }),
      );
      const valuesOf = (name: string, unit = 'jobs'): number[] =>
        events.filter((event) => event.ph === 'C' && event.name === name).map(({ args }) => args[unit] as number);
      expect(Math.max(...valuesOf('pending'))).toBeGreaterThanOrEqual(3);
      expect(Math.max(...valuesOf('active'))).toBe(1);
      expect([valuesOf('pending').at(-1), valuesOf('active').at(-1)]).toEqual([0, 0]);
      expect(valuesOf('throughput', 'jobs/s').some((value) => value > 0)).toBe(true);
    });

    test('shows each attempt of a job that is retried, and its waits', async () => {
      const pool = plainPool();
      const job = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: 1 }, name: 'try' });
      const events = checked(await pool.trace(() => job));
      const attempts = slicesOf(ofJob(events, job.id), 'job');
      expect(attempts.map(({ name, args }) => [name, args['task'], args['attempt'], args['state']])).toEqual([
        ['try', 'failUntil', 1, 'FAILED'],
        ['try', 'failUntil', 2, 'FAILED'],
        ['try', 'failUntil', 3, 'COMPLETED'],
      ]);
      expect(attempts[0]?.args).toMatchObject({ error: 'RangeError: attempt 1', retryInMs: expect.any(Number) });
      expect(ofJob(events, job.id).filter(({ ph }) => ph === 'b')).toHaveLength(3);
      expect(ofJob(events, job.id).flatMap(({ ph }) => ('stf'.includes(ph) ? ph : []))).toEqual([
        's',
        't',
        't',
        't',
        'f',
      ]);
    });

    test('says what failed, and what was reported last', async () => {
      const pool = plainPool();
      const events = checked(
        await pool.trace(async () => {
          await expect(pool.submit(tasks.fail, ['broken'])).rejects.toThrow('broken');
          await pool.submit(tasks.report, [[1, { done: 2 }]]);
          await pool.submit(tasks.report, [[0.5]]);
        }),
      );
      const [failed, first, second] = slicesOf(events, 'job');
      expect(failed).toMatchObject({ cname: 'terrible', args: { state: 'FAILED', error: 'RangeError: broken' } });
      expect(first?.args['progress']).toBe('{ done: 2 }');
      expect(second?.args['progress']).toBe(0.5);
    });

    test('shows where a job was asked to stop, and how long it took to end', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      let askedAt = 0;
      const running = pool.submit(gated.untilCancelled, [gate.path, 'late']);
      const waiting = pool.submit(tasks.echo, [1]);
      const events = checked(
        await pool.trace(async () => {
          await gate.reachedBy(1);
          waiting.cancel('not needed');
          askedAt = nowUs();
          running.cancel('enough');
          await Promise.allSettled([running, waiting]);
        }),
      );
      const cancels = instantsOf(events, 'cancel');
      const [waited, ran] = [waiting, running].map(({ id }) => cancels.find(({ args }) => args['id'] === id));
      expect(waited?.args).toMatchObject({ id: waiting.id, reason: 'not needed', endsInMs: 0 });
      expect(ran?.args).toMatchObject({ id: running.id, reason: 'enough' });
      expect(ran?.ts).toBeGreaterThanOrEqual(askedAt - 1);
      const slice = slicesOf(ofJob(events, running.id), 'job')[0];
      expect(slice?.args['state']).toBe('CANCELLED');
      const end = (slice?.ts ?? 0) + (slice?.dur ?? 0);
      const took = Math.max(0, end - (ran?.ts ?? 0)); // threads whose clocks differ may have it end before
      expect(Math.abs(took - 1_000 * (ran?.args['endsInMs'] as number))).toBeLessThan(2);
      expect(ran?.tid).toBe(slice?.tid);
      const [wait] = ofJob(events, waiting.id).filter(({ ph }) => ph === 'b');
      expect(wait?.args).toMatchObject({ state: 'CANCELLED' });
    });

    test('shows a job that runs and one that waits when it is made', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      const running = pool.submit(gated.hold, [gate.path]);
      const waiting = pool.submit(tasks.echo, [1], { priority: 1 });
      await gate.reachedBy(1);
      const events = checked(await pool.trace(() => {}));
      expect(slicesOf(events, 'job').map(({ args }) => [args['id'], args['state']])).toEqual([[running.id, 'RUNNING']]);
      expect(new Map(events.filter(({ ph }) => ph === 'b').map(({ id, name }) => [id, name]))).toEqual(
        new Map([
          [running.id, 'queue, priority 2'],
          [waiting.id, 'queue, priority 1'],
        ]),
      );
      gate.open();
      await Promise.all([running, waiting]);
    });

    test('gives a worker as many lanes as it runs jobs at once', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      const events = checked(
        await pool.trace(async () => {
          const held = [1, 2].map(() => pool.submit(gated.hold, [gate.path]));
          await gate.reachedBy(2);
          gate.open();
          await Promise.all(held);
        }),
      );
      const slices = slicesOf(events, 'job');
      expect(slices.map((slice) => threadOf(events, slice)).sort()).toEqual(['worker 0.1', 'worker 0.2']);
    });

    test('gives a job that awaits its child another lane than the child', async () => {
      const pool = plainPool();
      const parent = pool.submit(async function (this: CurrentJob) {
        return this.submit((a: number) => a + 1, [1]);
      });
      const events = checked(await pool.trace(() => parent));
      expect(await parent).toBe(2);
      expect(slicesOf(events, 'job')).toHaveLength(2);
    });

    test('shows the start of a worker, its setup, broadcasts and teardown, and why it exited', async () => {
      const nothing = (): void => {};
      const pool = makePool({ setup: nothing, teardown: nothing });
      const events = checked(
        await pool.trace(async () => {
          await pool.submit(tasks.echo, [1]);
          await pool.broadcast(nothing);
          await pool.shutdown();
        }),
      );
      expect(slicesOf(events, 'worker').map(({ name }) => name)).toEqual(['start', 'setup', 'broadcast', 'teardown']);
      const [exit] = instantsOf(events, 'exit');
      expect(exit).toMatchObject({ args: { reason: 'shutdown', jobs: 1 } });
      const [start, setup] = slicesOf(events, 'worker');
      const [job] = slicesOf(events, 'job');
      expect((start?.ts ?? 0) + (start?.dur ?? 0)).toBeLessThanOrEqual(setup?.ts ?? 0);
      expect((setup?.ts ?? 0) + (setup?.dur ?? 0)).toBeLessThanOrEqual(job?.ts ?? 0);
      expect(new Set([start, setup, job, exit].map((event) => event?.tid)).size).toBe(1);
    });

    test('shows garbage collections of the thread that runs the jobs', async () => {
      const pool = plainPool();
      await pool.submit(tasks.echo, [1]);
      const beganAt = nowUs();
      const litter = (): number => {
        let kept: object[] = [];
        for (let i = 0; i < 3_000_000; i++) {
          kept.push({ i });
          if (kept.length === 100_000) kept = [];
        }
        return kept.length;
      };
      const events = checked(await pool.trace(() => pool.submit(litter)));
      const collections = slicesOf(events, 'gc');
      const threads = new Set(collections.map((slice) => threadOf(events, slice)));
      expect(threads).toContain(kind === 'inline' ? 'pool gc' : 'worker 0 gc');
      for (const { ts, dur } of collections) {
        expect(ts).toBeGreaterThan(beganAt);
        expect(ts + dur).toBeLessThan(nowUs());
      }
    });

    test('made by several calls at a time has what happened during each', async () => {
      const pool = plainPool();
      const [outer, inner] = await (async () => {
        let inside: Promise<unknown> | undefined;
        const around = await pool.trace(async () => {
          await pool.submit(tasks.echo, ['before']);
          inside = pool.trace(() => pool.submit(tasks.echo, ['inside']));
          await inside;
          await pool.submit(tasks.echo, ['after']);
        });
        return [around, (await inside) as typeof around];
      })();
      expect(slicesOf(checked(outer), 'job')).toHaveLength(3);
      expect(slicesOf(checked(inner), 'job')).toHaveLength(1);
    });
  });

  describe('the flight recorder', () => {
    test('has what happened since its first call, as far back as it is asked for', async () => {
      await using pool = makePool();
      await pool.submit(tasks.echo, ['before']);
      expect(slicesOf(checked(await pool.trace({ lastMs: 10_000 })), 'job')).toEqual([]);
      await pool.submit(tasks.echo, ['first']);
      const betweenUs = nowUs();
      await pool.submit(tasks.echo, ['second']);
      expect(slicesOf(checked(await pool.trace({})), 'job')).toHaveLength(2);
      expect(slicesOf(checked(await pool.trace({ lastMs: 60_000 })), 'job')).toHaveLength(2);
      const last = checked(await pool.trace({ lastMs: (nowUs() - betweenUs) / 1_000 }));
      expect(slicesOf(last, 'job').every(({ ts, dur }) => ts + dur >= betweenUs - 1_000)).toBe(true);
      expect(slicesOf(checked(await pool.trace({ lastMs: Number.MIN_VALUE })), 'job')).toEqual([]);
    });

    test('still tells after a shutdown what it has recorded', async () => {
      const pool = makePool();
      await pool.trace({ lastMs: 1 });
      await pool.submit(tasks.echo, [1]);
      await pool.shutdown();
      const events = checked(await pool.trace({ lastMs: 60_000 }));
      expect(slicesOf(events, 'job')).toHaveLength(1);
      expect(instantsOf(events, 'exit')).toHaveLength(1);
      await expect(pool.trace(() => {})).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    });
  });
}

/** What a trace shows of workers that die, in the kinds of pool in which they can. */
export function describeTracesOfDeaths(kind: Kind): void {
  describe('a trace', () => {
    test('shows a job whose worker died with its real length, and the death', async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      await pool.warmUp();
      const livesMs = 100;
      const victim = pool.submit(
        (ms: number) => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
          process.exit(7);
        },
        [livesMs],
      );
      const events = checked(await pool.trace(() => Promise.allSettled([victim])));
      const [slice] = slicesOf(events, 'job');
      expect(slice?.args).toMatchObject({ state: 'FAILED', error: expect.stringMatching(/^ERR_WORKER_EXITED: /) });
      expect(slice?.dur).toBeGreaterThanOrEqual(1_000 * livesMs);
      expect(instantsOf(events, 'exit')[0]?.args).toMatchObject({ reason: 'died', exitCode: 7 });
    });

    test('shows a job that did not stop when its time was over, until its worker was ended', async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1, graceMs: 20 });
      using gate = new FileGate();
      await pool.submit(gated.pid); // loads the module of the tasks, which counts as time of the first that runs
      const deaf = pool.submit(gated.deaf, [gate.path], { timeoutMs: 50 });
      const events = checked(await pool.trace(() => Promise.allSettled([deaf])));
      const [slice] = slicesOf(events, 'job');
      expect(slice?.args).toMatchObject({ state: 'FAILED', error: expect.stringMatching(/^ERR_JOB_TIMEOUT: /) });
      expect(slice?.dur).toBeGreaterThanOrEqual(1_000 * 60);
      const [timeout] = instantsOf(events, 'timeout');
      expect(timeout?.args['endsInMs']).toBeGreaterThanOrEqual(15);
      expect(instantsOf(events, 'exit')[0]?.args['reason']).toBe('deaf');
    });
  });
}
