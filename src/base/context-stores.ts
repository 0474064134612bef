import { bare } from './bare.js';
import { mustBe } from './check/argument-errors.js';

/** Something with a value for each async context: an `AsyncLocalStorage` of `node:async_hooks`, or anything like it. */
export interface ContextStore {
  /** Returns the value in the present async context; `undefined` if there is none. */
  getStore(): unknown;
}

/** Stores, by the names under which a task sees their values. */
export type ContextStores = Readonly<Record<string, ContextStore>>;

/** Values of stores, by the same names. */
export type ContextValues = Readonly<Record<string, unknown>>;

/** Returns a copy of the stores. @throws {TypeError} that names the option, the rule and the value received. */
export function checkContext(value: unknown, action: string): ContextStores {
  if (typeof value !== 'object' || value === null || isStore(value))
    throw mustBe('an object { name: asyncLocalStorage }', value, 'context', action);
  const stores = bare(value) as ContextStores;
  for (const [name, store] of Object.entries(stores))
    if (!isStore(store)) throw mustBe('an AsyncLocalStorage, or have its getStore()', store, `context.${name}`, action);
  return stores;
}

/** Checks by shape, as a test runner may have the class in another realm. */
function isStore(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'getStore' in value && typeof value.getStore === 'function';
}

/** Returns the present values of the stores. */
export function readContext(stores: ContextStores): ContextValues {
  return Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, store.getStore()]));
}

/** Returns stores that have these values in every async context. */
export function storesOf(values: ContextValues): ContextStores {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { getStore: () => value }]));
}
