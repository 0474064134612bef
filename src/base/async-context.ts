import { AsyncLocalStorage } from 'node:async_hooks';

type AnyFunction = (...args: never[]) => unknown;

/**
 * Runs a function in the async context in which the library was loaded, not in that of a request. For whatever outlives
 * the call that makes it, such as threads and timers, which would keep the caller's context alive.
 */
export const outsideRequests: <R, A extends unknown[]>(fn: (...args: A) => R, ...args: A) => R =
  AsyncLocalStorage.snapshot();

/** Binds a function to the present async context. */
export function bindContext<F extends AnyFunction>(fn: F): F {
  return AsyncLocalStorage.bind(fn as never) as unknown as F;
}

/** Returns a function that runs others in the present async context. */
export function snapshotContext(): <R>(fn: () => R) => R {
  return AsyncLocalStorage.snapshot();
}
