import { describe } from '../errors.js';
import { bare } from './bare.js';

/** What has a value of its own in each async context: an `AsyncLocalStorage` of `node:async_hooks`, or what is alike in this. */
export interface ContextStore {
  /** The value that is current where it is called; `undefined` where there is none. */
  getStore(): unknown;
}

/** Stores by the names under which a task sees their values. */
export type ContextStores = Readonly<Record<string, ContextStore>>;

/** The values of stores at one moment. */
export type ContextValues = Readonly<Record<string, unknown>>;

/** A copy of what was given. @throws {TypeError} that names the option, the rule and the value received. */
export function checkContext(value: unknown, action: string): ContextStores {
  if (typeof value !== 'object' || value === null || isStore(value))
    throw new TypeError(
      `Cannot ${action}: context must be an object { name: asyncLocalStorage }, received ${describe(value)}`,
    );
  const stores = bare(value) as ContextStores;
  for (const [name, store] of Object.entries(stores))
    if (!isStore(store))
      throw new TypeError(
        `Cannot ${action}: context.${name} must be an AsyncLocalStorage, or have its getStore(), received ${describe(store)}`,
      );
  return stores;
}

/** By shape, so that a test runner's class of another realm is one, too. */
function isStore(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'getStore' in value && typeof value.getStore === 'function';
}

/** What is current now. */
export function readContext(stores: ContextStores): ContextValues {
  return Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, store.getStore()]));
}

/** Stores that have these values wherever they are asked. */
export function storesOf(values: ContextValues): ContextStores {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { getStore: () => value }]));
}
