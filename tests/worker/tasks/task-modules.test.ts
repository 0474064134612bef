import { hash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type CurrentJob, TaskNotFoundError, ThreadPool, taskModule } from 'thread-system';
import { FileGate } from '../../support/file-gate.ts';
import { fixture, tasks } from '../../support/tasks.ts';

const folder = mkdtempSync(join(tmpdir(), 'thread-system-tasks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Common {
  twice(value: number): number;
  nameOfJob(): string;
}

describe('a task module', () => {
  test('may be .mjs, .cjs or TypeScript, named by URL, text or path', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const common = taskModule<Common>(fixture('common.cjs').href);
    const typed = taskModule<typeof import('../../tasks/typed.ts')>(fileURLToPath(fixture('typed.ts')));
    expect(await pool.submit(tasks.add, [20, 22])).toBe(42);
    expect(await pool.submit(common.twice, [21])).toBe(42);
    expect(await pool.submit(common.nameOfJob, [], { name: 'mine' })).toBe('mine');
    expect(await pool.submit(typed.square, [4])).toBe(16);
    expect(await pool.submit(typed.greet, ['Ada'], { name: 'Bob' })).toBe('Bob greets Ada');
  });

  test('in TypeScript may use what type stripping refuses', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const features = taskModule<{ scale(value: number): number }>(fixture('ts-features/enum.ts'));
    expect(await pool.submit(features.scale, [14])).toBe(42);
  });

  test('in TypeScript, as an ES module, needs no tsconfig.json beside ts-node', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const project = join(folder, 'without-config');
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    for (const name of ['ts-node', 'typescript']) {
      const installed = fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url));
      symlinkSync(installed, join(project, 'node_modules', name), 'dir');
    }
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project, 'unit.ts'), 'export enum Unit { Cm = 3 }\n');
    writeFileSync(join(project, 'size.ts'), "import { Unit } from './unit.js';\nexport const size = () => Unit.Cm;\n");
    expect(await pool.submit(taskModule<{ size(): number }>(join(project, 'size.js')).size)).toBe(3);
  });

  test('in plain .js is of the kind its package says, and its default export is a task', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    writeFileSync(join(folder, 'plain.js'), 'module.exports = { thrice: (x) => x * 3 };\n');
    writeFileSync(join(folder, 'default.mjs'), 'export default (x) => x + 1;\n');
    const plain = taskModule<{ thrice(x: number): number }>(join(folder, 'plain.js'));
    const standard = taskModule<{ default(x: number): number }>(join(folder, 'default.mjs'));
    expect(await pool.submit(plain.thrice, [14])).toBe(42);
    expect(await pool.submit(standard.default, [41])).toBe(42);
  });

  test.each([
    ['.cjs', 'required.cjs', undefined],
    ['.js, where its package says so', 'commonjs/required.js', { type: 'commonjs' }],
  ])('in CommonJS (%s) is loaded without the loader of ES modules', async (_, name, manifest) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    if (manifest !== undefined) writeFileSync(join(dirname(file), 'package.json'), JSON.stringify(manifest));
    writeFileSync(file, 'exports.isRequired = () => module.parent !== undefined;\n'); // import() makes no parent
    const required = taskModule<{ isRequired(): boolean }>(file);
    expect(await pool.submit(required.isRequired)).toBe(true);
  });

  test.each([
    ['exports', 'exports.answer = () => 42; exports.default = () => 1;'],
    [
      'an object with a getter that throws',
      "module.exports = { get bad() { throw new Error('never'); }, answer: () => 42 };",
    ],
    ['a function', 'module.exports = () => 1; module.exports.answer = () => 42;'],
    ['an instance', 'module.exports = new (class { answer() { return 42; } })();'],
    [
      'what a compiler makes of an ES module',
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => 1; exports.answer = () => 42;",
    ],
  ])('in CommonJS that exports %s has the tasks that import() would show', async (_, source) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const file = join(folder, `${hash('sha256', source)}.cjs`);
    writeFileSync(file, source);
    const callsOf = async (address: string) => {
      const module = taskModule<{ answer(): number; default(): number }>(address);
      const byDefault = pool.submit(module.default).catch((error: unknown) => (error as Error).constructor);
      return [await pool.submit(module.answer), await byDefault];
    };
    const imported = await callsOf(`${pathToFileURL(file)}?imported`); // with a query, it is imported
    expect(await callsOf(file)).toEqual(imported);
    expect(imported[0]).toBe(42);
  });

  test.each([
    ['TypeScript', 'sources.js', 'sources.ts', 'export const answer = (): number => 42;'],
    ['TypeScript as CommonJS', 'sources.cjs', 'sources.cts', 'exports.answer = (): number => 42;'],
    ['compiled TypeScript', 'compiled.mts', 'compiled.mjs', 'export const answer = () => 42;'],
  ])('is found as %s under the name of its counterpart', async (_, named, there, source) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const beside = mkdtempSync(fileURLToPath(fixture('found-')));
    try {
      writeFileSync(join(beside, there), source);
      const found = taskModule<{ answer(): number }>(join(beside, named));
      expect(await pool.submit(found.answer)).toBe(42);
    } finally {
      rmSync(beside, { recursive: true });
    }
  });

  test('is loaded once a worker, and a job that is cancelled meanwhile does not start', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new FileGate();
    writeFileSync(
      join(folder, 'slow.mjs'),
      `import { existsSync } from 'node:fs';
       globalThis.loads = (globalThis.loads ?? 0) + 1;
       while (existsSync(${JSON.stringify(join(gate.path, 'closed'))})) await new Promise((resolve) => setImmediate(resolve));
       export const loads = () => globalThis.loads;
       export const mark = (w) => { Atomics.store(w, 0, 1); };\n`,
    );
    const slow = taskModule<{ loads(): number; mark(words: Int32Array): void }>(join(folder, 'slow.mjs'));
    const words = new Int32Array(new SharedArrayBuffer(4));
    const job = pool.submit(slow.mark, [words]);
    while (job.state === 'PENDING') await new Promise((resolve) => setImmediate(resolve));
    job.cancel();
    gate.open();
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    expect(words[0]).toBe(0);
    expect(await Promise.all([pool.submit(slow.loads), pool.submit(slow.loads)])).toEqual([1, 1]);
  });

  test('may be awaited without harm', async () => {
    expect(await tasks).toBe(tasks);
  });
});

describe('a task that cannot be found', () => {
  test('fails its job, with the exports there are; the pool is unharmed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.notExported);
    await expect(job).rejects.toBeInstanceOf(TaskNotFoundError);
    await expect(job).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
    await expect(job).rejects.toThrow(
      /Cannot find task 'notExported': file:.*basic\.mjs has no such export; its functions are: aboutMe, add, /,
    );
    await expect(pool.submit(tasks.notAFunction)).rejects.toThrow(/exports it as number, not as a function/);
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });

  test('fails a job that was never begun', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (const job of [pool.submit(tasks.notExported), pool.submit(tasks.notAFunction)]) {
      await expect(job).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
      expect(job).toMatchObject({ state: 'FAILED', attempts: 0, workerId: undefined, executionMs: 0 });
    }
    expect(pool.metrics()).toMatchObject({ failed: 2, executionMs: { count: 0 } });
  });

  test('in a module that is missing or broken says which', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const missing = taskModule<{ any(): void }>(fixture('no-such-file.mjs'));
    const broken = taskModule<{ any(): void }>(fixture('broken.mjs'));
    await expect(pool.submit(missing.any)).rejects.toMatchObject({
      code: 'ERR_TASK_NOT_FOUND',
      message: expect.stringMatching(/^Cannot load task module file:.*no-such-file\.mjs: Cannot find module/),
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    });
    await expect(pool.submit(broken.any)).rejects.toMatchObject({
      message: expect.stringMatching(/broken\.mjs: this module is broken$/),
      cause: { message: 'this module is broken' },
    });
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });

  test('lists the files that were looked for, and shows who named the module', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    writeFileSync(join(folder, 'similar.cjs'), '');
    const similar = taskModule<{ any(): void }>(join(folder, 'similar.js'));
    const job = pool.submit(similar.any);
    const [js, ts, tsx] = ['js', 'ts', 'tsx'].map((extension) => join(folder, `similar.${extension}`));
    await expect(job).rejects.toThrow(`looked for ${js}, ${ts}, ${tsx}; ${folder}${sep} has similar.cjs`);
    expect((job.error as Error).stack).toMatch(/similar\.cjs\n\s+at .*task-modules\.test\.ts:\d+:\d+/);
    const nowhere = taskModule<{ any(): void }>(join(folder, 'no/such/tasks.js'));
    await expect(pool.submit(nowhere.any)).rejects.toThrow(`there is no folder ${join(folder, 'no/such/')}`);
    const archived = taskModule<{ any(): void }>(join(folder, 'cache/thumbnails.zip/node_modules/thumbnails/tasks.js'));
    await expect(pool.submit(archived.any)).rejects.toThrow('the option env has to keep NODE_OPTIONS');
  });

  test.each([
    ['an ES module', 'wrong.mjs', 'export const any = () => {\n  return 1 1;\n};\n', 'wrong.mjs:2:12'],
    ['CommonJS', 'wrong.cjs', '\nexports.any = 1 1;\n', 'wrong.cjs:2'],
    ['what it imports', 'wrong-import.mjs', "import './wrong.mjs';\n", 'wrong.mjs:2:12'],
  ])('in %s with a syntax error shows its place', async (_, file, source, place) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    writeFileSync(join(folder, file), source);
    const wrong = taskModule<{ any(): void }>(join(folder, file));
    await expect(pool.submit(wrong.any)).rejects.toThrow(`${place})`);
  });

  test('in a module that throws something odd still says so', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const odd = taskModule<{ any(): void }>(
      'data:text/javascript,throw Object.assign(Object.create(null), { odd: 7 })',
    );
    await expect(pool.submit(odd.any)).rejects.toThrow(
      /^Cannot load task module data:.*: \[Object: null prototype\] \{ odd: 7 \}$/,
    );
  });

  test('as TypeScript with no loader beside it says what would help', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, execArgv: [], env: {} });
    copyFileSync(fixture('ts-features/factor.ts'), join(folder, 'factor.ts'));
    const alone = taskModule<{ any(): void }>(join(folder, 'factor.ts'));
    await expect(pool.submit(alone.any)).rejects.toThrow(
      /^Cannot load TypeScript task module file:.*factor\.ts: .*install ts-node or tsx beside it, or use Node >= 22\.18/s,
    );
    expect(await pool.submit((x: number) => x, [1])).toBe(1);
  });
});

describe('an inline function', () => {
  test('is called as its variable is, on both sides', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const first = function (this: CurrentJob) {
      return this.name;
    };
    const second = function (this: CurrentJob) {
      return this.name;
    };
    const jobs = [pool.submit(first), pool.submit(second), pool.submit(first, [], { name: 'given' })];
    expect(await Promise.all(jobs)).toEqual(['first', 'second', 'given']);
    expect(jobs.map((job) => job.name)).toEqual(['first', 'second', 'given']);
  });

  test('that reaches outside itself fails with an error that says so, and what would help', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const outside = 5;
    const job = pool.submit((x: number) => x + outside, [1]);
    await expect(job).rejects.toBeInstanceOf(ReferenceError);
    await expect(job).rejects.toThrow(
      /outside is not defined: .* sent by its source text, .* not 'outside' .* taskModule\(\)/,
    );
    expect((job.error as Error).stack?.match(/outside is not defined/g)).toHaveLength(1);
  });

  test('that has no source text, or is no function there, fails with an error that says so', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(pool.submit(Math.max, [1, 2])).rejects.toThrow(
      /^Cannot send task 'max' by its source text: it is a native or bound function/,
    );
    class Thing {}
    await expect(pool.submit(Thing as unknown as () => void)).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
    expect(await pool.submit(() => 'fine')).toBe('fine');
  });

  test('may import, and shows its own line in a stack', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(await pool.submit(async () => (await import('node:path')).basename('/a/b'))).toBe('b');
    const job = pool.submit(function explode() {
      throw new Error('bang');
    });
    await expect(job).rejects.toThrow('bang');
    expect((job.error as Error).stack).toMatch(/^Error: bang\n\s+at .*inline-task:explode:2:/);
    expect((job.error as Error).stack).not.toMatch(/pool-worker/);
  });
});
