import { expect, test } from '@jest/globals';
import { type CurrentJob, Mutex, ThreadPool, taskModule } from 'thread-system';

const { accept, filesCompiled } = taskModule<{ accept(value: unknown): boolean; filesCompiled(): string[] }>(
  new URL('../tasks/compiles.cjs', import.meta.url),
);

const USES: [string, (pool: ThreadPool) => Promise<boolean>][] = [
  ['asks for its token', async (pool) => pool.submit(readsToken)],
  ['is given an object of shared memory', async (pool) => pool.submit(isLocked, [new Mutex()])],
];

test('a thread compiles what few jobs need when it is given an object of shared memory', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(await pool.submit(filesCompiled)).toEqual([]);
  expect(await pool.submit(accept, [new Mutex()])).toBe(true);
  expect(await pool.submit(filesCompiled)).toEqual([expect.stringMatching(/shared-objects\.cjs$/)]);
});

test.each(USES)('what a task has mocked before does not matter when a job %s', async (_, submit) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(mockPlatform);
  expect(await submit(pool)).toBe(false);
});

/** Replaces whatever the code that is loaded on demand could use. */
function mockPlatform(): void {
  const { getBuiltinModule } = process;
  const fail = (): never => {
    throw new Error('mocked');
  };
  const module = getBuiltinModule('node:module') as unknown as Record<string, unknown>;
  for (const name of ['_load', '_resolveFilename', 'createRequire']) module[name] = fail;
  (module['prototype'] as Record<string, unknown>)['require'] = fail;
  const fs = getBuiltinModule('node:fs') as unknown as Record<string, unknown>;
  for (const name of ['readFileSync', 'existsSync', 'statSync', 'openSync', 'realpathSync']) fs[name] = fail;
  Atomics.load = fail;
  Object.defineProperty = fail;
  Object.assign = fail;
  Reflect.apply = fail;
  Array.isArray = fail as unknown as typeof Array.isArray;
  process.getBuiltinModule = fail;
}

function readsToken(this: CurrentJob): boolean {
  return this.token.isCancelled;
}

function isLocked(mutex: Mutex): boolean {
  const lease = mutex.tryLock();
  lease?.release();
  return lease === null;
}
