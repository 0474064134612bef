import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadPool, taskModule } from 'thread-system';

type Names = Readonly<Record<string, () => string>>;

for (const file of ['compiled.cts', 'commonjs/compiled.ts', 'compiled.mts', 'function.cts']) {
  for (const kind of ['thread', 'process', 'inline'] as const) {
    test(`${file} has its tasks in a pool of kind ${kind}`, async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      const tasks = taskModule<Names>(new URL(file, import.meta.url)) as Readonly<Record<string, never>>;
      assert.equal(await pool.submit(tasks['default'] as () => string), 'it');
      assert.equal(await pool.submit(tasks['named'] as () => string), 'named');
    });
  }
}

test('an inline function keeps its names', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const name = await pool.submit(() => {
    const inner = (): string => inner.name;
    return inner();
  });
  assert.equal(name, 'inner');
});
