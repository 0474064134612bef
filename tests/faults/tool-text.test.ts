import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { sharedPool } from '../support/shared-pool.ts';

const require = createRequire(import.meta.url);
const { createInstrumenter } = require('istanbul-lib-instrument') as {
  createInstrumenter(options: object): { instrumentSync(text: string, file: string): string };
};

type Fn = (...args: never[]) => unknown;

/** The function that a CommonJS module's text exports, as a bundler or a test runner evaluates it. */
function evaluated(text: string): Fn {
  const module = { exports: {} as unknown };
  new Function('module', 'require', text)(module, require);
  return module.exports as Fn;
}

const instrumented = (source: string, options: object = {}): Fn =>
  evaluated(
    createInstrumenter({ esModules: false, ...options }).instrumentSync(`module.exports = ${source}`, '/lib.js'),
  );

const kinds = ['thread', 'process', 'inline'] as const satisfies readonly ThreadPoolOptions['kind'][];

describe.each(kinds)('an inline function with coverage counters, in a pool of kind %s,', (kind) => {
  const branches = `function (n, fallback = 2) {
    const half = (x) => (x % 2 === 0 ? x / 2 : -1);
    switch (n) { case 1: return 'one'; default: }
    if (n > 10) return [half(n), n && fallback, this.attempt];
    return n ?? fallback;
  }`;

  const plainPool = sharedPool(() => new ThreadPool({ kind, maxWorkers: 1 }));

  test.each([{}, { reportLogic: true }, { compact: true }, { coverageVariable: '__VITEST_COVERAGE__' }])(
    'made with %j runs unharmed',
    async (options) => {
      const pool = plainPool();
      const task = instrumented(branches, options);
      expect(String(task)).toMatch(/cov_\w+\(\)/);
      const call = (n: number) => pool.submit(task as (n: number) => unknown, [n]);
      expect(await Promise.all([1, 5, 12].map(call))).toEqual(['one', 5, [6, 2, 1]]);
    },
  );

  test('may be async, a generator, a method, or submit a function of its own', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 2 });
    const later = instrumented('async (x) => { await null; return x + 1; }');
    const steps = instrumented('function* (x) { yield x; return x + 1; }');
    const method = instrumented('({ next(x) { return x + 1; } }).next');
    const parent = instrumented('async function (x) { return await this.submit((y) => y + 1, [x]); }');
    const jobs = [later, steps, method, parent].map((task) => pool.submit(task as (x: number) => number, [41]));
    expect(await Promise.all(jobs)).toEqual([42, 42, 42, 42]);
  });

  test('of older instrumenters, or minified, runs too; nothing of it is left behind', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const texts = [
      `(x) => { cov_1abc2.f[0]++; cov_1abc2.s[3]++; return x + 1; }`,
      `(x) => { __cov_aB$9_x.s['1']++; __cov_aB$9_x.b['2'][0]++; return x + 1; }`,
      `(x) => (++cov_9zz().s[0], ++cov_9zz().b[4][1], x + 1)`,
    ];
    for (const text of texts)
      expect(await pool.submit(evaluated(`module.exports = ${text}`) as (x: number) => number, [41])).toBe(42);
    const globals = () => Object.getOwnPropertyNames(globalThis).filter((name) => /cov_|__name/.test(name));
    expect(await pool.submit(globals)).toEqual([]);
  });

  test('is not taken for one that misses a variable of such a name', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const task = evaluated(`const cov_matrix = () => ({ s: [7] }); module.exports = () => cov_matrix().s[0];`);
    await expect(pool.submit(task)).rejects.toThrow(/not 'cov_matrix' of the code around it/);
  });
});

test('what esbuild calls to keep names has a stand-in', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const task = evaluated(
    `module.exports = (x) => { const add = __name((y) => y + 1, 'plus'); return [add(x), add.name]; };`,
  );
  expect(await pool.submit(task as (x: number) => unknown, [41])).toEqual([42, 'plus']);
});

describe.each(kinds)('in a pool of kind %s, what esbuild calls to keep names', (kind) => {
  const plainPool = sharedPool(() => new ThreadPool({ kind, maxWorkers: 1 }));
  /** Names of the stand-ins that a thread has for all, which would stand in for those of the next text. */
  const left = (): string[] =>
    Object.getOwnPropertyNames(globalThis).filter((name) => /^(__name2?|o|n|t|\$a)$/.test(name));

  test.each([
    ['numbered', `(x) => { const add = __name2((y) => y + 1, "plus"); return [add(x), add.name]; }`],
    ['minified, of an arrow function', `x=>{let t=o(y=>y+1,"plus");return[t(x),t.name]}`],
    ['minified, of several parameters', `x=>{let t=o((y,z=(1))=>y+z,"plus");return[t(x),t.name]}`],
    ['minified, of a declaration', `x=>{function t(y){return y+1}$a(t,"plus");return[t(x),t.name]}`],
    ['minified, of a function', `x=>{let t=n(function(y){return y+1},"plus");return[t(x),t.name]}`],
    ['minified, of a class', `x=>{class t{static{n(this,"plus")}f(y){return y+1}}return[new t().f(x),t.name]}`],
    ['minified, of an async function', `async x=>{let t=n(async y=>y+1,"plus");return[await t(x),t.name]}`],
    ['minified, beside keywords', `x=>{let t=n(y=>y+1,"plus");if((x,t))for((x);;)return[t(x),t.name]}`],
  ])('has a stand-in: %s', async (_, text) => {
    const pool = plainPool();
    const task = evaluated(`module.exports = ${text}`);
    expect(await pool.submit(task as (x: number) => unknown, [41])).toEqual([42, 'plus']);
    expect(await pool.submit(left)).toEqual([]);
  });

  test('is not taken for a function that the text misses', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const texts = [`()=>t(()=>1,"x",2)`, `()=>t("x","y")`, `()=>t(()=>1, "x")`];
    for (const text of texts) {
      const job = pool.submit(evaluated(`module.exports = ${text}`));
      await expect(job).rejects.toThrow(/^t is not defined: .* sent by its source text/);
    }
  });
});

describe('an inline function that needs a tool’s name says what to do', () => {
  const byImport = /get a built-in module by process\.getBuiltinModule\('node:…'\) .* taskModule\(\)$/;
  const bySyntax = /have the compiler leave the syntax .* taskModule\(\)$/;
  const plainPool = sharedPool(() => new ThreadPool({ maxWorkers: 1 }));
  const perhaps = /perhaps .* taskModule\(\); or pass a value of your own as an argument$/;

  test.each([
    [
      'TypeScript, import()',
      `async () => (await Promise.resolve().then(() => __importStar(require('node:fs')))).sep`,
      byImport,
    ],
    [
      'Babel, import()',
      `async () => (await Promise.resolve().then(() => _interopRequireWildcard(require('node:fs')))).sep`,
      byImport,
    ],
    [
      'SWC, import()',
      `async () => (await Promise.resolve().then(() => _interop_require_wildcard._(require('fs')))).sep`,
      byImport,
    ],
    [
      'esbuild, import()',
      `async () => (await Promise.resolve().then(() => __toESM(require('node:fs')))).sep`,
      byImport,
    ],
    ['Vite, import()', `async () => (await __vite_ssr_dynamic_import__('node:fs')).sep`, byImport],
    ['Vite, an import', `() => __vite_ssr_import_0__.sep`, byImport],
    ['Vitest, an import', `() => (0, __vi_import_0__.sep)()`, byImport],
    ['webpack, import()', `async () => (await __webpack_require__.e(1)).sep`, byImport],
    ['webpack, an import', `() => (0, _helper_js__WEBPACK_IMPORTED_MODULE_1__.helper)()`, byImport],
    ['CommonJS', `() => require('node:path').sep`, byImport],
    ['TypeScript, async', `function () { return __awaiter(this, void 0, void 0, function* () {}); }`, bySyntax],
    ['TypeScript, generators', `function () { return __generator(this, () => [2]); }`, bySyntax],
    ['TypeScript, rest', `(_a) => __rest(_a, ['x'])`, bySyntax],
    ['TypeScript, importHelpers', `() => tslib_1.__awaiter(1)`, bySyntax],
    ['esbuild, spread', `() => __spreadValues({}, {})`, bySyntax],
    ['Babel, async', `function () { return _asyncToGenerator(function* () {})(); }`, bySyntax],
    ['Babel, async, as a value', `function f() { return _ref.apply(this, arguments); }`, bySyntax],
    ['SWC, async', `function () { return _async_to_generator(function* () {})(); }`, bySyntax],
    ['SWC, spread', `() => _object_spread_props({}, {})`, bySyntax],
    ['TypeScript, an import', `() => (0, node_fs_1.readFileSync)('x')`, perhaps],
    ['Babel, an import', `() => (0, _nodeFs.readFileSync)('x')`, perhaps],
    ['a minifier', `() => t('x')`, perhaps],
    ['rollup', `() => helper$1('x')`, perhaps],
  ])('%s', async (_, text, advice) => {
    const pool = plainPool();
    const job = pool.submit(evaluated(`module.exports = ${text}`));
    await expect(job).rejects.toBeInstanceOf(ReferenceError);
    await expect(job).rejects.toThrow(advice);
    await expect(job).rejects.not.toThrow(/of the code around it/);
  });

  test('also in a setup', async () => {
    const setup = evaluated(`module.exports = () => __importStar(1)`) as (this: CurrentJob) => void;
    await using pool = new ThreadPool({ maxWorkers: 1, setup });
    await expect(pool.submit(() => 1)).rejects.toMatchObject({ cause: { message: expect.stringMatching(byImport) } });
  });
});
