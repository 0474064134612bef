// The functions of @jest/globals on platforms where Jest does not run: tests run one after another, by `run`.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { ModuleMocker } = require('jest-mock');

export const { expect } = require('expect');
export const jest = new ModuleMocker(globalThis);

const HOOKS = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'];
const makeSuite = (name, parent) => ({
  name,
  parent,
  items: [],
  hooks: Object.fromEntries(HOOKS.map((hook) => [hook, []])),
});

const root = makeSuite('', undefined);
let current = root;

export function describe(name, body) {
  const suite = makeSuite(name, current);
  current.items.push(suite);
  current = suite;
  body();
  current = suite.parent;
}

export function test(name, body) {
  current.items.push({ name, parent: current, body });
}

export const [beforeAll, beforeEach, afterEach, afterAll] = HOOKS.map((hook) => (fn) => current.hooks[hook].push(fn));

describe.each = each(describe);
test.each = each(test);

/** Takes rows as Jest does: the name has the first values by `%s` and the like, or those of an object by `$key`. */
function each(define) {
  return (rows) => (name, body) => {
    for (const row of rows) {
      const args = Array.isArray(row) ? row : [row];
      const values = [...args];
      const named = name
        .replaceAll(/\$(\w+)/g, (all, key) => (Object.hasOwn(Object(row), key) ? String(row[key]) : all))
        .replaceAll(/%[sdijp]/g, () => shown(values.shift()));
      define(named, () => body(...args));
    }
  };
}

function shown(value) {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

/** Runs `fn`, which has failed once `limitMs` are over. */
async function within(limitMs, fn) {
  let timer;
  const isOver = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It has not ended within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([(async () => fn())(), isOver]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs all tests that were defined, but for those that `isLeftOut` says. Returns the names of those that passed, and of those
 * that failed with their errors.
 */
export async function run({ limitMs, isLeftOut }) {
  const passed = [];
  const failed = [];
  const runSuite = async (suite, path) => {
    for (const hook of suite.hooks.beforeAll) await within(limitMs, hook);
    for (const item of suite.items) {
      const name = [...path, item.name].join(' › ');
      if (item.body === undefined) await runSuite(item, [...path, item.name]);
      else if (!isLeftOut(name)) await runTest(item, name);
    }
    for (const hook of suite.hooks.afterAll) await within(limitMs, hook);
  };
  const runTest = async ({ body, parent }, name) => {
    const suites = [];
    for (let suite = parent; suite !== undefined; suite = suite.parent) suites.unshift(suite);
    try {
      for (const { hooks } of suites) for (const hook of hooks.beforeEach) await within(limitMs, hook);
      await within(limitMs, body);
      for (const { hooks } of suites.toReversed()) for (const hook of hooks.afterEach) await within(limitMs, hook);
      passed.push(name);
    } catch (error) {
      failed.push({ name, error });
    }
  };
  await runSuite(root, []);
  return { passed, failed };
}
