import { expect, test } from '@jest/globals';
import { type CurrentJob, Mutex, ThreadPool } from 'thread-system';

/** The files of the library that this thread has read. */
function filesRead(): string[] {
  const { createRequire } = process.getBuiltinModule('node:module');
  const { basename } = process.getBuiltinModule('node:path');
  return Object.keys(createRequire(process.execPath).cache).map((file) => basename(file));
}

const ENTRY = 'pool-worker.cjs';
const LATER = 'shared-objects.cjs';

test.each([
  ['asks for its token', (pool: ThreadPool) => pool.submit(readsToken)],
  ['is given an object of shared memory', (pool: ThreadPool) => pool.submit(isLocked, [new Mutex()])],
])('a thread reads what few jobs need when a job %s', async (_, submit) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(await pool.submit(filesRead)).toEqual([ENTRY]);
  expect(await submit(pool)).toBe(false);
  expect(await pool.submit(filesRead)).toEqual([ENTRY, LATER]);
});

function readsToken(this: CurrentJob): boolean {
  return this.token.isCancelled;
}

function isLocked(mutex: Mutex): boolean {
  const lease = mutex.tryLock();
  lease?.release();
  return lease === null;
}
