import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type ModuleTask, ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import { runProgram } from '../support/program.ts';

// inside the project, where ts-node is found
const folder = mkdtempSync(fileURLToPath(new URL('../../build/test-exports-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Names = Readonly<Record<string, () => unknown>>;

const flagged = `Object.defineProperty(exports, '__esModule', { value: true });`;

/** Texts of CommonJS modules, each with the tasks that it has, and what these return. */
const shapes: Readonly<Record<string, readonly [source: string, tasks: Readonly<Record<string, string>>]>> = {
  'properties of exports': [`exports.a = () => 'a'; exports.b = async () => 'b';`, { a: 'a', b: 'b' }],
  'an object': [`module.exports = { a: () => 'a', b() { return 'b'; } };`, { a: 'a', b: 'b' }],
  'a function': [`module.exports = () => 'it';`, { default: 'it' }],
  'a function that has functions': [
    `function a() { return 'a'; } a.b = () => 'b'; module.exports = a;`,
    { default: 'a', b: 'b' },
  ],
  'a compiled default export': [
    `${flagged} exports.default = () => 'it'; exports.named = () => 'named';`,
    { default: 'it', named: 'named' },
  ],
  'a compiled default export that is an object': [`${flagged} exports.default = { a: () => 'a' };`, { a: 'a' }],
  'a compiled default export as esbuild writes it': [
    `const all = (target, of) => { for (const name in of) Object.defineProperty(target, name, { get: of[name], enumerable: true }); };
     const made = {}; all(made, { default: () => it, named: () => named });
     module.exports = Object.defineProperty(made, '__esModule', { value: true });
     const it = () => 'it', named = () => 'named';`,
    { default: 'it', named: 'named' },
  ],
  'a default without the mark of a compiler': [
    `exports.default = () => 'it'; exports.a = () => 'a';`,
    { default: 'it', a: 'a' },
  ],
  'a function that is its own default': [
    `const it = () => 'it'; module.exports = it; it.default = it;`,
    { default: 'it' },
  ],
  'a promise of a function': [
    `module.exports = new Promise((resolve) => setImmediate(resolve, Object.assign(() => 'it', { a: () => 'a' })));`,
    { default: 'it', a: 'a' },
  ],
  'a promise of an object': [`module.exports = (async () => ({ a: () => 'a' }))();`, { a: 'a' }],
  'promises of functions': [
    `${flagged} exports.a = Promise.resolve(() => 'a'); exports.default = Promise.resolve(() => 'it');`,
    { a: 'a', default: 'it' },
  ],
  'getters, of which one throws': [
    `module.exports = { get a() { return () => 'a'; }, get bad() { throw new Error('never'); }, b: () => 'b' };`,
    { a: 'a', b: 'b' },
  ],
  'a class with static methods': [`module.exports = class Tasks { static a() { return 'a'; } };`, { a: 'a' }],
  'an instance': [`class Base { a() { return 'a'; } } module.exports = new (class extends Base {})();`, { a: 'a' }],
  'what another module exports': [`module.exports = require('./other.cjs');`, { a: 'a', default: 'other' }],
  'what another module exports, by getters': [
    `${flagged} const other = require('./other.cjs');
     for (const name of Object.keys(other)) Object.defineProperty(exports, name, { enumerable: true, get: () => other[name] });`,
    { a: 'a', default: 'other' },
  ],
  'a proxy that makes what it is asked for': [
    `module.exports = new Proxy({}, { get: (_, name) => () => name });`,
    { a: 'a' },
  ],
};

const other = `Object.defineProperty(exports, '__esModule', { value: true });
  exports.default = () => 'other'; exports.a = () => 'a';`;

/** How a file's name and package say that it is CommonJS; and what loads it. */
const ways: Readonly<Record<string, readonly [file: string, manifest: object, query?: string]>> = {
  '.cjs': ['.cjs', { type: 'module' }],
  '.cjs, by import()': ['.cjs', { type: 'module' }, '?imported'],
  '.js without a type': ['.js', {}],
  '.js of a package that is CommonJS': ['.js', { type: 'commonjs' }],
  '.cts': ['.cts', { type: 'module' }],
  '.ts of a package that is CommonJS': ['.ts', { type: 'commonjs' }],
};

const write = (way: string, shape: string): string => {
  const [extension, manifest, query = ''] = ways[way] ?? ['', {}];
  const directory = join(folder, way.replace(/\W+/g, '-'), shape.replace(/\W+/g, '-'));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(directory, 'other.cjs'), other);
  const file = join(directory, `tasks${extension}`);
  const [source] = shapes[shape] ?? [''];
  writeFileSync(file, /\.c?ts$/.test(extension) ? `// @ts-nocheck\n${source}` : source);
  return `${pathToFileURL(file)}${query}`;
};

const results = async (pool: ThreadPool, url: string, names: readonly string[]): Promise<unknown> => {
  const tasks = taskModule<Names>(url) as Readonly<Record<string, unknown>>;
  const jobs = names.map(async (name) => [name, await pool.submit(tasks[name] as ModuleTask<() => unknown>)]);
  return Object.fromEntries(await Promise.all(jobs));
};

describe.each(Object.keys(ways))('a CommonJS task module, %s,', (way) => {
  // a loader of TypeScript is looked for by threads and processes; ts-node takes the first of them a second
  const kinds = /\.c?ts/.test(way) ? ['thread'] : ['thread', 'process', 'inline'];

  test.each(kinds as NonNullable<ThreadPoolOptions['kind']>[])(
    'has the tasks that it exports, in a pool of kind %s',
    async (kind) => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      // the import() of this thread is the test runner's own, which reads all getters at once
      const tried = Object.entries(shapes).filter(([shape]) => kind !== 'inline' || !shape.includes('throws'));
      const found: Record<string, unknown> = {};
      for (const [shape, [, tasks]] of tried)
        found[shape] = await results(pool, write(way, shape), Object.keys(tasks)).catch(String);
      expect(found).toEqual(Object.fromEntries(tried.map(([shape, [, tasks]]) => [shape, tasks])));
    },
  );
});

test('a name that is no task says what it is, and which there are', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const messageOf = (shape: string, name: string): Promise<string> => {
    const tasks = taskModule<Names>(write('.cjs', shape)) as Readonly<Record<string, unknown>>;
    return pool
      .submit(tasks[name] as ModuleTask<() => unknown>)
      .then(String, (error: unknown) => (error as Error).message);
  };
  expect(await messageOf('a class with static methods', 'default')).toMatch(
    /exports it as a class, not as a function; its functions are: a$/,
  );
  expect(await messageOf('getters, of which one throws', 'bad')).toMatch(
    /has such an export, which could not be read: never; its functions are: a, b$/,
  );
  expect(await messageOf('a function that has functions', 'call')).toMatch(
    /has no such export; .*: default, b$|: b, default$/,
  );
  expect(await messageOf('an instance', 'constructor')).toMatch(/has no such export/);
  expect(await messageOf('an object', 'toString')).toMatch(/has no such export; its functions are: a, b$/);
});

test('an ES module has its default export, and what is a property of it', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const file = join(folder, 'es-module.mjs');
  writeFileSync(
    file,
    `export default Object.assign(() => 'it', { b: () => 'b' }); export const a = Promise.resolve(() => 'a');`,
  );
  expect(await results(pool, pathToFileURL(file).href, ['default', 'a', 'b'])).toEqual({
    default: 'it',
    a: 'a',
    b: 'b',
  });
});

test('a child names the functions of a compiled module by reference, also those behind getters', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const file = join(folder, 'family.cjs');
  writeFileSync(
    file,
    `const secret = 'seen'; exports.parent = function () { return this.submit(exports.child).then((x) => x); };
     Object.defineProperty(exports, 'child', { enumerable: true, get: () => child }); function child() { return secret; }`,
  );
  expect(await results(pool, pathToFileURL(file).href, ['parent'])).toEqual({ parent: 'seen' });
});

test('all of it holds where the library is required', async () => {
  const url = write('.js without a type', 'a compiled default export');
  const { stdout } = await runProgram(`
    import { createRequire } from 'node:module';
    const { ThreadPool, taskModule } = createRequire(import.meta.url)('thread-system');
    const pool = new ThreadPool({ maxWorkers: 1 });
    const tasks = taskModule(${JSON.stringify(url)});
    console.log(await pool.submit(tasks.default), await pool.submit(tasks.named));`);
  expect(stdout).toBe('it named\n');
});
