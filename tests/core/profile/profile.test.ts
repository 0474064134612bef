import { describe, expect, test } from '@jest/globals';
import { type CpuProfile, ThreadPool, taskModule } from 'thread-system';
import { FileGate, gated } from '../../support/file-gate.ts';
import { Gate, occupy, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { fixture, tasks } from '../../support/tasks.ts';

const grinding = taskModule<{
  grindWheat(rounds: number): number;
  grindUntil(words: Int32Array): void;
}>(fixture('grinding.mjs'));

/** Kept, so that it is not for nothing and left out. */
let result = 0;

/** Without globals, whose look-up is slow in a test. */
function workOfOurOwn(): void {
  for (let i = 1; i < 50_000_000; i++) result = (result * 31 + i) % 1_000_003;
}

type Node = CpuProfile['nodes'][number];

/** The nodes of a thread's part, its own first. */
function partOf(profile: CpuProfile, name: string): Node[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const below = (node: Node): Node[] => [node, ...childrenOf(node).flatMap(below)];
  const childrenOf = (node: Node): Node[] => (node.children ?? []).map((id) => byId.get(id) as Node);
  const part = childrenOf(profile.nodes[0] as Node).find(({ callFrame }) => callFrame.functionName === name);
  return part === undefined ? [] : below(part);
}

const namesIn = (profile: CpuProfile, name: string): string[] =>
  partOf(profile, name).map(({ callFrame }) => callFrame.functionName);

/** The files, by the ends of their names, that a thread's part has frames of. */
const filesIn = (profile: CpuProfile, name: string): string[] =>
  partOf(profile, name).map(({ callFrame }) => callFrame.url.replace(/^.*[\\/]/, ''));

/** The threads that the profile has parts of. */
const threadsOf = ({ nodes: [root, ...nodes] }: CpuProfile): string[] =>
  (root?.children ?? []).map((id) => nodes.find((node) => node.id === id)?.callFrame.functionName ?? '');

describe.each(['thread', 'process'] as const)('a profile of a pool of kind %s', (kind) => {
  test('is one tree of the main thread and of each worker, those too that start meanwhile', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 1, kind });
    await pool.submit(tasks.add, [1, 2]);
    const profile = await pool.profile(async () => {
      using gate = new FileGate();
      const held = [1, 2].map(() => pool.submit(gated.hold, [gate.path]));
      await gate.reachedBy(2);
      gate.open();
      await Promise.all(held); // both workers are idle now
      const jobs = [1, 2].map(() => pool.submit(grinding.grindWheat, [50]));
      workOfOurOwn();
      await Promise.all(jobs);
    });
    expect(threadsOf(profile).sort()).toEqual(['(main thread)', '(worker 0)', '(worker 1)']);
    expect(filesIn(profile, '(main thread)')).toContain('profile.test.ts');
    for (const worker of ['(worker 0)', '(worker 1)']) {
      const frames = partOf(profile, worker).map(({ callFrame }) => callFrame);
      expect(frames).toContainEqual(
        expect.objectContaining({ functionName: 'crush', url: fixture('grinding.mjs').href, lineNumber: 13 }),
      );
      expect(filesIn(profile, worker)).not.toContain('profile.test.ts');
    }
  });

  test('has the shape that tools read, on one clock', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, kind });
    const beganAtMs = performance.now();
    const profile = await pool.profile(() => pool.submit(grinding.grindWheat, [50]));
    const tookUs = 1000 * (performance.now() - beganAtMs);
    const { nodes, startTime, endTime, samples, timeDeltas } = JSON.parse(JSON.stringify(profile)) as CpuProfile;

    const ids = nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(nodes[0]?.callFrame.functionName).toBe('(root)');
    // speedscope would put these on top of another thread's stack
    const names = nodes.map(({ callFrame }) => callFrame.functionName);
    expect(names).not.toContain('(program)');
    expect(names).not.toContain('(garbage collector)');
    // each node but the root is the child of one other
    expect(nodes.flatMap(({ children }) => children ?? []).sort((a, b) => a - b)).toEqual(
      ids.slice(1).sort((a, b) => a - b),
    );
    expect(samples.every((id) => ids.includes(id))).toBe(true);
    expect(samples.length).toBeGreaterThan(10);
    expect(timeDeltas).toHaveLength(samples.length);
    expect(timeDeltas.every((delta) => delta >= 0)).toBe(true);
    const sampledUs = timeDeltas.reduce((sum, delta) => sum + delta, 0);
    expect(sampledUs).toBeLessThanOrEqual(endTime - startTime);
    expect(endTime - startTime).toBeLessThanOrEqual(tookUs);
    expect(sampledUs).toBeGreaterThan((endTime - startTime) / 2);
  });

  test('lacks what a worker had seen that dies, and nothing else', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, kind });
    const profile = await pool.profile(async () => {
      await pool.submit(grinding.grindWheat, [10]);
      await pool.submit(tasks.exit, [1]).catch(() => {});
      await pool.submit(grinding.grindWheat, [50]);
    });
    expect(threadsOf(profile)).toEqual(['(main thread)', '(worker 1)']);
    expect(namesIn(profile, '(worker 1)')).toContain('crush');
  });

  test('has what was seen of workers that a shutdown ends', async () => {
    const pool = new ThreadPool({ maxWorkers: 1, kind });
    const profile = await pool.profile(async () => {
      pool.submit(grinding.grindWheat, [50]);
      await pool.shutdown();
    });
    expect(namesIn(profile, '(worker 0)')).toContain('crush');
  });

  test('keeps idle workers until it is made', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, kind, idleTimeoutMs: 0 });
    const profile = await pool.profile(async () => {
      await pool.submit(grinding.grindWheat, [50]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(pool.metrics().workers).toMatchObject([{ id: 0, state: 'idle' }]);
    });
    expect(namesIn(profile, '(worker 0)')).toContain('crush');
    await until(() => pool.metrics().workers.length === 0);
  });
});

describe('a worker that does not turn its event loop', () => {
  test('is profiled in a loop that runs all the time', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    pool.submit(grinding.grindUntil, [gate.words]);
    await gate.reachedBy(1);
    const profile = await pool.profile(workOfOurOwn);
    gate.open();
    // not `crush`: code compiled before the profile began does not name what was inlined into it
    expect(namesIn(profile, '(worker 0)')).toContain('grindUntil');
  });

  test('is profiled where it blocks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const profile = await pool.profile(workOfOurOwn);
    expect(namesIn(profile, '(worker 0)')).toContain('hold');
    gate.open();
  });

  test('is waited for in native code', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const derive = (): number =>
      process.getBuiltinModule('node:crypto').pbkdf2Sync('a', 'b', 200_000, 64, 'sha512').length;
    await pool.submit(tasks.add, [1, 2]);
    const profile = await pool.profile(async () => {
      pool.submit(derive);
      await until(() => pool.metrics().active === 1);
    });
    expect(filesIn(profile, '(worker 0)')).toContain('inline-task:derive');
  });
});

test('a profile of an inline pool has the calling thread, where its jobs run', async () => {
  await using pool = new ThreadPool({ kind: 'inline' });
  const profile = await pool.profile(() => pool.submit(grinding.grindWheat, [50]));
  expect(threadsOf(profile)).toEqual(['(main thread)']);
  expect(namesIn(profile, '(main thread)')).toContain('crush');
});

test('profiles follow one another, and those of two pools overlap', async () => {
  await using first = new ThreadPool({ maxWorkers: 1 });
  await using second = new ThreadPool({ maxWorkers: 1 });
  const grind = (pool: ThreadPool) => () => pool.submit(grinding.grindWheat, [50]);
  for (let round = 0; round < 2; round++) {
    const profiles = await Promise.all([first.profile(grind(first)), second.profile(grind(second))]);
    for (const profile of profiles) {
      expect(threadsOf(profile)).toEqual(['(main thread)', '(worker 0)']);
      expect(namesIn(profile, '(worker 0)')).toContain('grindWheat'); // `crush` may be inlined into it by now
    }
  }
});

test('only one profile of a pool is made at a time', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupy(pool);
  const profile = pool.profile(() => gate.jobs[0]);
  await expect(pool.profile(() => {})).rejects.toThrow(
    new Error('Cannot profile: this pool is already being profiled'),
  );
  gate.open();
  expect(threadsOf(await profile)).toEqual(['(main thread)', '(worker 0)']);
});

test.each([
  [
    'throws',
    () => {
      throw new RangeError('no');
    },
  ],
  ['rejects', () => Promise.reject(new RangeError('no'))],
])('what the function %s is passed on, and the profile is given up', async (_how, fn) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(tasks.add, [1, 2]);
  await expect(pool.profile(fn)).rejects.toThrow(new RangeError('no'));
  expect(threadsOf(await pool.profile(() => {}))).toEqual(['(main thread)', '(worker 0)']);
});

test('a bad function is refused, and so is a pool that is shut down', async () => {
  const pool = new ThreadPool({ maxWorkers: 1 });
  expect(() => pool.profile('work' as never)).toThrow(
    new TypeError("Cannot profile: fn must be a function, received 'work'"),
  );
  await pool.shutdown();
  await expect(pool.profile(() => {})).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
});

test('a program stays until its profile is made, and ends then', async () => {
  const { stdout, code } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1, minWorkers: 1 });
    const { nodes } = await pool.profile(() => pool.submit(() => 1));
    console.log(nodes[0].children.length);`);
  expect({ stdout, code }).toEqual({ stdout: '2\n', code: 0 });
});

test('a pool made on another thread than the main one profiles that and its workers', async () => {
  const { stdout } = await runProgram(`
    import { isMainThread, Worker } from 'node:worker_threads';
    import { ThreadPool } from 'thread-system';
    if (isMainThread) new Worker(new URL(import.meta.url));
    else {
      const pool = new ThreadPool({ maxWorkers: 1 });
      const grind = () => { for (const end = Date.now() + 100; Date.now() < end; ); };
      const { nodes } = await pool.profile(() => pool.submit(grind));
      const has = (text) => nodes.some(({ callFrame }) => [callFrame.functionName, callFrame.url].includes(text));
      console.log(['(main thread)', '(worker 0)', 'inline-task:grind'].map(has).join());
      process.exit();
    }`);
  expect(stdout).toBe('true,true,true\n');
});
