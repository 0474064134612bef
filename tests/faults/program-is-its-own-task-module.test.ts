import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type ProgramResult, runProgram } from '../support/program.ts';

/** Runs a program that says each time that it is evaluated, in whatever thread or process; answers how often that was. */
async function run(
  text: (log: string) => string,
  file = 'program.mjs',
): Promise<ProgramResult & { readonly evaluated: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'thread-system-evaluated-'));
  const log = join(folder, 'log');
  try {
    writeFileSync(log, '');
    const result = await runProgram(text(log), { file });
    return { ...result, evaluated: readFileSync(log, 'utf8').length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const esm = (log: string, more: string): string => `
  import { ThreadPool, taskModule } from 'thread-system';
  import { appendFileSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  appendFileSync(${JSON.stringify(log)}, '.');
  export function square(x) { return x * x; }
  const tasks = taskModule(import.meta.url);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
  ${more}`;

const REFUSED = /this is a worker, which loads file:\S+ as a task module, .* guard it by if \(isMainThread\)/;

describe.each(['thread', 'process'])('a program that is its own task module, and submits unguarded (%s)', (kind) => {
  const pool = `new ThreadPool({ kind: '${kind}', maxWorkers: 1 })`;

  test.each([
    ['a task', `await ${pool}.submit(tasks.square, [3]);`],
    [
      'an inline function, then a task',
      `const pool = ${pool}; await pool.submit(() => 1); await pool.submit(tasks.square, [3]);`,
    ],
    ['a map', `await ${pool}.map(tasks.square, [1, 2, 3]);`],
  ])('fails with an error that says to guard it: %s', async (_what, more) => {
    const { code, stderr, evaluated } = await run((log) => esm(log, more));
    expect(stderr).toMatch(REFUSED);
    expect({ code, evaluated }).toEqual({ code: 1, evaluated: 2 });
  });

  test('also where the worker comes to it only after it has loaded the module', async () => {
    const more = `async function main() {
        await turn();
        console.log(await ${pool}.submit(tasks.square, [3]));
        const untilTold = setInterval(() => {}, 1_000);
        process.once('warning', () => clearInterval(untilTold));
      }
      main();`;
    const { stdout, stderr, evaluated } = await run((log) => esm(log, more));
    expect(stdout).toBe('9\n');
    expect({ evaluated, isTold: REFUSED.test(stderr) }).toEqual({ evaluated: 2, isTold: true });
  });

  test('as a CommonJS module', async () => {
    const { stderr, evaluated } = await run(
      (log) => `
        const { ThreadPool, taskModule } = require('thread-system');
        require('node:fs').appendFileSync(${JSON.stringify(log)}, '.');
        exports.square = (x) => x * x;
        ${pool}.submit(taskModule(__filename).square, [3]).then(console.log);`,
      'program.cjs',
    );
    expect(stderr).toMatch(REFUSED);
    expect(evaluated).toBe(2);
  });

  test('of workers that are started ahead, with a setup', async () => {
    const more = `const pool = new ThreadPool({ kind: '${kind}', minWorkers: 1, maxWorkers: 1, setup: tasks.square, setupArgs: [2] });
      if (isMainThread) { console.log(await pool.submit(tasks.square, [3])); await pool.shutdown(); }`;
    const { stdout, evaluated } = await run((log) => esm(log, more));
    expect({ stdout, evaluated }).toEqual({ stdout: '9\n', evaluated: 2 });
  });

  test('goes on where it is guarded', async () => {
    const more = `if (isMainThread) console.log(await ${pool}.submit(tasks.square, [3]));`;
    const { stdout, code } = await run((log) => esm(log, more));
    expect({ stdout, code }).toEqual({ stdout: '9\n', code: 0 });
  });

  test('may make pools in its tasks on purpose', async () => {
    const more = `export const nested = async (x) => {
        await using pool = ${pool};
        return (await pool.submit(tasks.square, [x])) + (await pool.submit((y) => y + 1, [x]));
      };
      if (isMainThread) console.log(await ${pool}.submit(tasks.nested, [3]));`;
    const { stdout, code, stderr } = await run((log) => esm(log, more.replace('await using pool', 'const pool')));
    expect({ stdout, code, stderr }).toEqual({ stdout: '13\n', code: 0, stderr: '' });
  });
});

test('a program that its own inline function imports makes no more threads than pools may be nested', async () => {
  const more = `await new ThreadPool({ maxWorkers: 1 }).submit(async (url) => (await import(url)).square(3), [import.meta.url]);`;
  const { stderr, evaluated } = await run((log) => esm(log, more));
  expect(stderr).toMatch(/pools can be nested at most 16 deep/);
  expect(evaluated).toBe(17);
});

test('a program whose top level awaits its own task inline fails instead of waiting for itself', async () => {
  const inline = `new ThreadPool({ kind: 'inline', maxWorkers: 1 }).submit(tasks.square, [3])`;
  const awaits = await run((log) => esm(log, `await ${inline};`));
  expect(awaits.stderr).toMatch(/it is the program itself, whose top level has not come to its end/);
  expect({ code: awaits.code, evaluated: awaits.evaluated }).toEqual({ code: 1, evaluated: 1 });
  const goesOn = await run((log) => esm(log, `${inline}.then(console.log);`));
  expect({ stdout: goesOn.stdout, evaluated: goesOn.evaluated }).toEqual({ stdout: '9\n', evaluated: 1 });
});
