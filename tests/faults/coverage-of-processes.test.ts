import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';
import { fixture } from '../support/tasks.ts';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

function callsIn({ result }: Coverage, name: string): number {
  return result
    .filter(({ url }) => url === fixture('basic.mjs').href)
    .flatMap(({ functions }) => functions)
    .filter(({ functionName }) => functionName === name)
    .reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
}

/** How often functions of a task module were called, by the coverage that a program has left when it has exited. */
async function callsOf(name: string, program: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'thread-system-coverage-'));
  try {
    await runProgram(program, { env: { NODE_V8_COVERAGE: folder } });
    // file by file: parsed, one takes a hundred MB
    return readdirSync(folder)
      .map((file) => callsIn(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Coverage, name))
      .reduce((sum, count) => sum + count, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const program = (kind: string, more: string, options = ''): string => `
  import { ThreadPool, taskModule } from 'thread-system';
  const tasks = taskModule(${JSON.stringify(fixture('basic.mjs').href)});
  const pool = new ThreadPool({ kind: '${kind}', maxWorkers: 1 ${options} });
  pool.on('jobFailed', () => {});
  await pool.submit(tasks.add, [1, 2]);
  ${more}`;

describe.each(['thread', 'process'])('the coverage of tasks in a pool of kind %s', (kind) => {
  test.each([
    ['a shutdown', 'await pool.shutdown();'],
    ['a shutdown that aborts', `await pool.shutdown({ mode: 'abort' });`],
    ['the end of the program', ''],
    ['process.exit()', 'process.exit(0);'],
    ['an uncaught error', `throw new Error('the program fails');`],
    ['process.exit() in a task', 'await pool.submit(tasks.exit, [3]).catch(() => {});'],
    [
      'the end of a task that does not stop',
      'const job = pool.submit(() => { for (;;); }); setTimeout(() => job.cancel(), 50); await job.catch(() => {});',
    ],
  ])('is there after %s', async (_end, more) => {
    expect(await callsOf('add', program(kind, more, ', graceMs: 10'))).toBe(1);
  });
});

test('a child process that is killed costs its own coverage alone', async () => {
  const more = `
    process.kill(await pool.submit(() => process.pid), 'SIGKILL');
    await pool.submit(tasks.add, [3, 4]);`;
  expect(await callsOf('add', program('process', more))).toBe(1);
});
