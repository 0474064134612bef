import { types } from 'node:util';

type Awaitable<T> = T | PromiseLike<T>;

/**
 * Calls one of two functions when a promise has settled. Uses `await` only, and so no method that could be replaced.
 */
export async function whenSettled<T>(
  promise: Awaitable<T>,
  onFulfilled: (value: Awaited<T>) => void,
  onRejected: (reason: unknown) => void,
): Promise<void> {
  let value: Awaited<T>;
  try {
    value = await promise;
  } catch (error) {
    onRejected(error);
    return;
  }
  onFulfilled(value);
}

/** Like `Promise.all`, which would call the present `Promise.resolve` and `then`, even if these were replaced. */
export function all<T>(promises: readonly Awaitable<T>[]): Promise<Awaited<T>[]> {
  return new Promise((resolve, reject) => {
    const values = new Array<Awaited<T>>(promises.length);
    let left = promises.length;
    if (left === 0) resolve(values);
    for (let i = 0; i < promises.length; i++) {
      const onFulfilled = (value: Awaited<T>): void => {
        values[i] = value;
        if (--left === 0) resolve(values);
      };
      void whenSettled(promises[i] as Awaitable<T>, onFulfilled, reject);
    }
  });
}

/** Like `Promise.race`, for two promises. */
export function race<A, B>(one: Awaitable<A>, other: Awaitable<B>): Promise<Awaited<A> | Awaited<B>> {
  return new Promise((resolve, reject) => {
    void whenSettled<A>(one, resolve, reject);
    void whenSettled<B>(other, resolve, reject);
  });
}

/** Whether a value is a native promise; `instanceof` would use whatever class is called `Promise` now. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return types.isPromise(value);
}
