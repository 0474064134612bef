import { expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';
import { fixture } from '../support/tasks.ts';

const KINDS = ['thread', 'process', 'inline'] as const;

/** What a program prints that has `tasks` and a kind of pool. */
async function printed(kind: string, text: string, flags: readonly string[] = []): Promise<string> {
  const program = `
    import { CancellationToken, ThreadPool, taskModule } from 'thread-system';
    const tasks = taskModule(new URL(${JSON.stringify(fixture('kept-tokens.mjs').href)}));
    const options = { kind: '${kind}', maxWorkers: 1, ...('${kind}' === 'process' && { execArgv: ['--expose-gc'] }) };
    ${text}`;
  const { stdout, stderr, code } = await runProgram(program, { flags: ['--expose-gc', ...flags] });
  expect([stderr, code]).toEqual(['', 0]);
  return stdout.trim();
}

/** Makes garbage wherever arguments pass, and collects it, in the program and where its jobs run. */
const LITTER =
  'for (let i = 0; i < 40; i++) { await pool.submit(tasks.collect, [[i].concat(new Array(20_000).fill(i))]); gc(); }';

test.each(KINDS)('a token that code of a pool of kind %s keeps sees a cancel by the program', async (kind) => {
  const text = `
    const token = new CancellationToken();
    const pool = new ThreadPool({ ...options, setup: tasks.keep, setupArgs: [token] });
    ${LITTER}
    token.cancel('by the program');
    console.log(await pool.submit(tasks.reasonOfKept));
    await pool.shutdown();`;
  expect(await printed(kind, text)).toBe('by the program');
});

test.each(KINDS)(
  'a token that code of a pool of kind %s keeps is cancelled by it for the program, too',
  async (kind) => {
    const text = `
    const token = new CancellationToken();
    const pool = new ThreadPool({ ...options, setup: tasks.keep, setupArgs: [token] });
    ${LITTER}
    const cancelled = new Promise((resolve) => token.onCancel(resolve));
    await pool.submit(tasks.cancelKept, ['by its code']);
    console.log(await cancelled);
    await pool.shutdown();`;
    expect(await printed(kind, text)).toBe('by its code');
  },
);

test.each(KINDS)('a token that was cancelled before a job of kind %s kept it brings its reason', async (kind) => {
  const text = `
    const pool = new ThreadPool(options);
    const token = new CancellationToken();
    token.cancel('before');
    await pool.submit(tasks.keep, [token]);
    ${LITTER}
    console.log(await pool.submit(tasks.reasonOfKept));
    await pool.shutdown();`;
  expect(await printed(kind, text)).toBe('before');
});

test.each(KINDS)('tokens of jobs of kind %s that have ended are collected, listeners and all', async (kind) => {
  const text = `
    const pool = new ThreadPool(options);
    for (let i = 0; i < 200; i++) await pool.submit(tasks.listen);
    console.log(await pool.submit(tasks.countCollected));
    await pool.shutdown();`;
  expect(Number(await printed(kind, text))).toBeGreaterThan(150);
});

test('calls of a process that have ended leave nothing behind in its program', async () => {
  const text = `
    const pool = new ThreadPool(options);
    for (let left = 5_000; left > 0; left -= 500)
      await Promise.all(Array.from({ length: 500 }, () => pool.submit(tasks.lengthOf, [[1]])));
    console.log(pool.metrics().completed);
    await pool.shutdown();`;
  // two kilobytes of each would be too much: the program itself takes 5 MB
  expect(await printed('process', text, ['--max-old-space-size=14'])).toBe('5000');
});
