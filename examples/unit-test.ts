// Unit tests of code that submits jobs: a pool of `kind: 'inline'` runs them on the calling thread, by the same rules.
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict';
import { JobPriority, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

/** The code under test: it takes its pool as an argument, so that a test can pass one of another kind. */
async function hashAll(pool: ThreadPool, texts: readonly string[]): Promise<Map<string, string>> {
  const hashes = await Promise.all(texts.map((text) => pool.submit(tasks.sha256, [text])));
  return new Map(texts.map((text, index) => [text, hashes[index] ?? '']));
}

const tests: Readonly<Record<string, (pool: ThreadPool) => Promise<void>>> = {
  async 'hashes each text'(pool) {
    const hashes = await hashAll(pool, ['hello', 'again']);
    strictEqual(hashes.get('hello')?.slice(0, 8), '2cf24dba');
    strictEqual(pool.metrics().completed, 2);
  },

  async 'runs what is urgent first'(pool) {
    const order: string[] = [];
    pool.on('jobStarted', (job) => order.push(job.name));
    pool.submit(tasks.sha256, ['a'], { name: 'report', priority: JobPriority.LOW });
    pool.submit(tasks.sha256, ['b'], { name: 'alarm', priority: JobPriority.HIGH });
    await pool.waitAll();
    deepStrictEqual(order, ['alarm', 'report']);
  },

  async 'finds a task that changes its argument, as that is a copy on a thread too'(pool) {
    const words = ['some', 'words'];
    deepStrictEqual(await pool.submit((list: string[]) => list.reverse(), [words]), ['words', 'some']);
    deepStrictEqual(words, ['some', 'words']);
  },

  async 'finds a value that could not go to a thread'(pool) {
    await rejects(async () => pool.submit((options: object) => options, [{ onDone: () => {} }]), {
      code: 'ERR_NOT_CLONEABLE',
    });
  },
};

for (const [name, run] of Object.entries(tests)) {
  await using pool = new ThreadPool({ kind: 'inline', maxWorkers: 1 });
  await run(pool);
  console.log('ok -', name);
}
