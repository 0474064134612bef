import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import { runProgram } from '../support/program.ts';

const folder = mkdtempSync(fileURLToPath(new URL('../../build/test-frames-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Tasks {
  parse(x: number): never;
  later(x: number): Promise<never>;
  steps(x: number): Generator<number, never>;
}

const source = `
  export function parse(x) { return inner(x); }
  export async function later(x) { await null; return inner(x); }
  export function* steps(x) { yield 1; return inner(x); }
  function inner(x) { throw new Error('bad input'); }\n`;

const file = (name: string, text = source): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(join(dirname(path), 'package.json'), '{"type":"module"}');
  writeFileSync(path, text);
  return pathToFileURL(path).href;
};

const kinds = ['thread', 'process', 'inline'] as const satisfies readonly ThreadPoolOptions['kind'][];

/** The names of functions in the frames of a stack, from the top. */
const namesIn = (error: unknown): string[] =>
  [...((error as Error).stack ?? '').matchAll(/^ +at (?:async )?(?:\w+\.)?([\w#.<>]+)/gm)].map(
    ([, name]) => name ?? '',
  );

const failure = (job: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(job).then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  );

const pathsLikeOurs = [
  'plain.mjs',
  'workers/loop.js',
  'my-pool-worker.mjs',
  'pool-worker.mjs',
  'dist/pool-worker.mjs',
  'dist/shared.js',
  'thread-system/dist/worker.js',
  'src/wire/message/own-frames.js',
];

describe.each(kinds)('the stack of an error in a pool of kind %s', (kind) => {
  test('has the frames of the user’s files, whatever their names are, and none of the library’s', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    for (const url of [
      ...pathsLikeOurs.map((name) => file(name)),
      `data:text/javascript,${encodeURIComponent(source)}`,
    ]) {
      if (kind === 'inline' && url.startsWith('data:')) continue; // the test runner does not import it
      const tasks = taskModule<Tasks>(url);
      for (const [task, name] of [
        [tasks.parse, 'parse'],
        [tasks.later, 'later'],
        [tasks.steps, 'steps'],
      ] as const) {
        const error = await failure(pool.submit(task as typeof tasks.parse, [1]));
        expect(namesIn(error).slice(0, 2)).toEqual(['inner', name]);
        expect(error.stack).not.toMatch(/#call|JobRunner|WorkerLoop|driveAsync|dist[\\/]pool-worker\.cjs/);
      }
    }
  });

  test('has the user’s frames between those of the library', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const job = pool.submit(function outer(this: unknown) {
      return [1].map(function each(this: unknown) {
        return (this as { submit(x: number): never }).submit(1);
      }, this);
    });
    const names = namesIn(await failure(job));
    expect(names).toContain('each');
    expect(names.at(-1)).toMatch(/outer|eval/);
  });

  test('is that of each cause, too', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const error = await failure(
      pool.submit(function outer() {
        throw new AggregateError([new Error('one')], 'all', { cause: new Error('why') });
      }),
    );
    for (const each of [error, error.cause, (error as AggregateError).errors[0]])
      expect((each as Error).stack).toMatch(/^\w+: (all|why|one)\n +at .*inline-task[^\n]*$/);
  });

  test.each([
    ['undefined', `Object.assign(new Error('odd'), { stack: undefined })`],
    ['a number', `Object.assign(new Error('odd'), { stack: 42 })`],
    ['an object', `Object.assign(new Error('odd'), { stack: { frames: [] } })`],
    ['missing', `(() => { const error = new Error('odd'); delete error.stack; return error; })()`],
    ['a getter that throws', `Object.defineProperty(new Error('odd'), 'stack', { get() { throw new Error('no'); } })`],
  ])('that is %s is the error’s name and message', async (_, made) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1, submitStacks: true });
    const task = new Function(`throw ${made};`) as () => never;
    const error = await failure(pool.submit(task, [], { name: 'odd one' }));
    expect(error.message).toBe('odd');
    expect(error.stack).toMatch(/^Error: odd\n +--- submitted as job 'odd one' ---\n +at .*own-frames\.test\.ts/);
  });
});

describe('a program’s own way to make stacks', () => {
  const program = (task: string, options = ''): string => `
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1, ${options} });
    const error = await pool.submit(${task}).catch((error) => error);
    console.log(error.message + '|' + error.stack);
    await pool.shutdown();`;

  test('as a list of call sites keeps the frames', async () => {
    const { stdout } = await runProgram(
      program(`function outer() { Error.prepareStackTrace = (_, sites) => sites; throw new Error('listed'); }`),
    );
    expect(stdout).toMatch(/^listed\|Error: listed\n +at .*inline-task:outer:1:\d+\)?\n$/);
  });

  test('that throws, or makes none, harms nobody', async () => {
    const { stdout } = await runProgram(
      program(`() => { Error.prepareStackTrace = () => { throw new Error('no'); }; throw new Error('kept'); }`),
    );
    expect(stdout).toMatch(/^kept\|/);
    const { stdout: none } = await runProgram(program(`() => { Error.stackTraceLimit = 0; throw new Error('kept'); }`));
    expect(none).toBe('kept|Error: kept\n');
  });

  test('on the main thread goes with submitStacks', async () => {
    const text = program(`function outer() { throw new Error('x'); }`, 'submitStacks: true');
    const { stdout } = await runProgram(`Error.prepareStackTrace = (_, sites) => sites; ${text}`);
    expect(stdout).toMatch(/^x\|Error: x\n(?:.*\n)*.*--- submitted as job 'outer' ---\n +at .*program\.mjs/);
    const { stdout: none } = await runProgram(`Error.stackTraceLimit = 0; ${text}`);
    expect(none).toMatch(/^x\|Error: x\n.*inline-task[^\n]*\n$/);
  });

  test.each([[['--enable-source-maps']], [['--stack-trace-limit=100']]])(
    'by the flag %s hides what is ours',
    async (flags) => {
      const url = file('workers/loop.js');
      const { stdout } = await runProgram(
        `import { ThreadPool, taskModule } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      const error = await pool.submit(taskModule(${JSON.stringify(url)}).parse, [1]).catch((error) => error);
      console.log(error.stack);`,
        { flags },
      );
      expect(stdout).toMatch(/^Error: bad input\n +at inner \(.*loop\.js[^\n]*\n +at .*parse \(.*loop\.js[^\n]*\n$/);
    },
  );
});

test('a bundle that holds the library and the tasks keeps the frames of the tasks', async () => {
  const entry = join(folder, 'bundle-entry.mjs');
  writeFileSync(
    entry,
    `import { isMainThread, Worker } from 'node:worker_threads';
    import 'thread-system/pool-worker';
    import { ThreadPool, taskModule } from 'thread-system';
    export function parse(x) { return inner(x); }
    function inner(x) { throw new Error('bad input'); }
    if (isMainThread) {
      const pool = new ThreadPool({ maxWorkers: 1, worker: () => new Worker(new URL(import.meta.url)) });
      console.log((await pool.submit(taskModule(import.meta.url).parse, [1]).catch((error) => error)).stack);
      await pool.shutdown();
    }`,
  );
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', write: false },
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  });
  const { stdout } = await runProgram(outputFiles[0]?.text ?? '');
  expect(stdout).toMatch(/^Error: bad input\n +at inner \([^\n]*\n +at [\w.]*parse \(/);
});
