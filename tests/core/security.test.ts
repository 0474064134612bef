import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool, taskModule } from 'thread-system';
import { tasks } from '../support/tasks.ts';

const folder = mkdtempSync(join(tmpdir(), 'thread-system-security-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What every object would have if a prototype had been reached. */
const polluted = (): unknown[] =>
  [{}, [], () => 1, new Error('any'), new Map()].map((value) => (value as { polluted?: unknown }).polluted);
const CLEAN = [undefined, undefined, undefined, undefined, undefined];

/** Texts that would run, or end the program, if anything took them for code. */
const CODE = [
  'globalThis.ran = true',
  '(() => { globalThis.ran = true })()',
  '`); globalThis.ran = true; (`',
  '\n//# sourceURL=x\nglobalThis.ran = true',
  "__proto__'];globalThis.ran=true;//",
  'data:text/javascript,globalThis.ran = true',
];

describe.each(['thread', 'process'] as const)("what crosses, with kind '%s'", (kind) => {
  const makePool = (): ThreadPool => new ThreadPool({ kind, maxWorkers: 1 });

  test('is never run: texts in arguments, results, reports, names and errors stay texts', async () => {
    await using pool = makePool();
    for (const code of CODE) {
      const job = pool.submit(
        function (this: CurrentJob, text: string, keyed: object) {
          this.report(text);
          return { text, keyed, name: this.name };
        },
        [code, { [code]: code }],
        { name: code },
      );
      const reports: unknown[] = [];
      job.onProgress((report) => reports.push(report));
      expect(await job).toEqual({ text: code, keyed: { [code]: code }, name: code });
      expect(reports).toEqual([code]);
      await expect(pool.submit(tasks.fail, [code])).rejects.toMatchObject({ message: code });
    }
    expect(await pool.submit(() => 'ran' in globalThis)).toBe(false);
    expect('ran' in globalThis).toBe(false);
  });

  test('reaches no prototype: keys named __proto__, constructor and prototype are own keys', async () => {
    await using pool = makePool();
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}';
    const result = await pool.submit(
      (json: string, given: object) => [JSON.parse(json), given],
      [text, JSON.parse(text)],
    );
    for (const value of result) {
      expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'prototype']);
      expect(JSON.stringify(value)).toBe(text);
      expect((value as { polluted?: unknown }).polluted).toBeUndefined();
    }
    const large = await pool.submit(
      (json: string) => [JSON.parse(json), new Map([['__proto__', 1]]), 'x'.repeat(9_000)],
      [text],
    );
    expect(Object.keys(large[0])).toEqual(['__proto__', 'constructor', 'prototype']);
    expect(polluted()).toEqual(CLEAN);
    expect(await pool.submit(() => ({}) as { polluted?: unknown }).then((value) => value.polluted)).toBeUndefined();
  });

  test('reaches no prototype by an error either, nor another class than it had', async () => {
    await using pool = makePool();
    const job = pool.submit(() => {
      const error = new Error('sly', { cause: JSON.parse('{"__proto__":{"polluted":1}}') });
      for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'then'])
        Object.defineProperty(error, key, { enumerable: true, value: { polluted: 1, prototype: { polluted: 1 } } });
      throw error;
    });
    await expect(job).rejects.toBeInstanceOf(Error);
    expect(Object.getPrototypeOf(job.error)).toBe(Error.prototype);
    expect(Object.keys((job.error as Error).cause as object)).toEqual(['__proto__']);
    const named = pool.submit(
      (name: string) => {
        throw Object.defineProperty(new Error('named'), 'name', { value: name });
      },
      ['__proto__'],
    );
    await expect(named).rejects.toMatchObject({ message: 'named', name: '__proto__' });
    expect(polluted()).toEqual(CLEAN);
  });

  test('as a getter is read where it is sent, once, and arrives as a value', async () => {
    await using pool = makePool();
    const result = await pool.submit(() => {
      let reads = 0;
      return {
        get reads() {
          return ++reads;
        },
      };
    });
    expect(Object.getOwnPropertyDescriptor(result, 'reads')).toMatchObject({ value: 1, writable: true });
    const throwing = pool.submit(() => ({
      get bad() {
        throw new Error('from a getter');
      },
    }));
    await expect(throwing).rejects.toThrow(/getter/);
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('as a result with a `then` of its own is called in the worker, and never on this side', async () => {
    await using pool = makePool();
    const value = await pool.submit(
      (key: string) => {
        const inner = { [key]: 'a text' };
        return { [key]: (resolve: (value: unknown) => void) => resolve({ inner, pid: process.pid }) };
      },
      ['then'],
    );
    const { inner, pid } = value as unknown as { inner: object; pid: number };
    expect(Object.entries(inner)).toEqual([['then', 'a text']]);
    expect(pid === process.pid).toBe(kind === 'thread');
    // a function cannot cross: a `then` that could be called never arrives
    const inside = pool.submit((key: string) => [{ [key]: () => 1 }], ['then']);
    await expect(inside).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'result[0].then' });
  });

  test('cannot name what is loaded: a module is imported only where a task of it is submitted', async () => {
    await using pool = makePool();
    const mark = join(folder, `loaded-${kind}`);
    const file = join(folder, `${kind}.mjs`);
    writeFileSync(
      file,
      `import { writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(mark)}, '');
       export const task = (value) => value;\n`,
    );
    const named = taskModule<{ task(value: unknown): unknown }>(file);
    const { href } = pathToFileURL(file);
    // looks like what the library itself sends of a task
    const lookalike = { kind: 'module', url: href, name: 'task', each: false, origin: { kind: 'module', url: href } };
    expect(await pool.submit(tasks.echo, [lookalike])).toEqual(lookalike);
    await expect(pool.submit(tasks.throwValue, [lookalike])).rejects.toMatchObject({ thrown: lookalike });
    expect(existsSync(mark)).toBe(false);
    expect(await pool.submit(named.task, ['now'])).toBe('now');
    expect(existsSync(mark)).toBe(true);
  });

  test('is no task: data in the place of one is refused at the call', async () => {
    await using pool = makePool();
    for (const notTask of ['() => 1', { kind: 'inline', text: '() => 1', name: 'x', each: false }, null])
      expect(() => pool.submit(notTask as unknown as () => void)).toThrow(TypeError);
    expect(() => taskModule('./relative.js')).toThrow(TypeError);
  });

  test('looks like a message of the library and is none', async () => {
    await using pool = makePool();
    const messages = [
      { kind: 'process-ended', exitCode: 0 },
      { kind: 'thread-system-init@0.1.0', workerId: 9 },
      { kind: 'token-cancelled', id: '0-0', reason: 1 },
      { root: 1, marks: [{}], handles: [{ type: 'token', id: '0-0', words: new Int32Array(0) }] },
    ];
    const jobs = messages.map((message) => pool.submit(tasks.echo, [message as unknown])) as Job[];
    expect(await Promise.all(jobs)).toEqual(messages);
  });
});

test.each(['thread', 'process'] as const)("env leaves a task only what it names, with kind '%s'", async (kind) => {
  await using pool = new ThreadPool({ kind, maxWorkers: 1, env: { GIVEN: 'yes' } });
  expect(await pool.submit(() => ({ ...process.env }))).toEqual({ GIVEN: 'yes' });
});
