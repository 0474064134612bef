import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

describe('a program', () => {
  test('whose test fakes the time runs its jobs all the same', async () => {
    const { code, stdout } = await runProgram(`
      import { mock } from 'node:test';
      import { ThreadPool } from 'thread-system';
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
      const pool = new ThreadPool({ maxWorkers: 1 });
      for (let i = 0; i < 200; i++) await pool.submit((x) => x, [i % 2 ? i : { i }]);
      console.log('all ran');`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'all ran\n' });
  });

  test('may be a text given to -e', async () => {
    const { stdout } = await runProgram(`
      import { execFileSync } from 'node:child_process';
      const text = 'import { ThreadPool } from "thread-system"; console.log(await new ThreadPool({ maxWorkers: 1 }).submit(() => 1));';
      process.stdout.write(execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' }));`);
    expect(stdout).toBe('1\n');
  });

  test('may require the library', async () => {
    const { stdout } = await runProgram(`
      import { createRequire } from 'node:module';
      import * as esm from 'thread-system';
      const cjs = createRequire(import.meta.url)('thread-system');
      console.log(cjs.ThreadPool === esm.ThreadPool, await new cjs.ThreadPool({ maxWorkers: 1 }).submit((x) => x, [1]));`);
    expect(stdout).toMatch(/^(true|false) 1\n$/);
  });
});
