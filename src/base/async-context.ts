import { AsyncLocalStorage } from 'node:async_hooks';

type AnyFunction = (...args: never[]) => unknown;

/**
 * Runs a function in the async context in which the library was loaded: in no request's. So do what lives longer than the
 * call that makes it, such as threads and timers, which would keep what the caller's context holds.
 */
export const outsideRequests: <R, A extends unknown[]>(fn: (...args: A) => R, ...args: A) => R =
  AsyncLocalStorage.snapshot();

/** The function, to be called later in the async context of now. */
export function inContextOfNow<F extends AnyFunction>(fn: F): F {
  return AsyncLocalStorage.bind(fn as never) as unknown as F;
}

/** Runs functions later in the async context of now. */
export function contextOfNow(): <R>(fn: () => R) => R {
  return AsyncLocalStorage.snapshot();
}
