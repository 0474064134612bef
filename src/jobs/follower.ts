// biome-ignore-all lint/style/useReadonlyClassProperties: fields are set by the functions that the class gives away

import { types } from 'node:util';
import { pinShape } from '../base/pin-shape.js';

type Callback = (value: unknown) => unknown;

/** The promise of a follower, made if the follower is used as one. */
interface Derived {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const { toString: textOf } = Function.prototype;
const { apply } = Reflect;
const NativePromise = Promise;
const NATIVE = 'function () { [native code] }';

/**
 * Whether these may be the two functions by which the JavaScript engine settles a promise: the arguments that `then` gets from
 * `await`, `Promise.all`, and `new Promise((resolve, reject) => job.then(resolve, reject))`. Other native functions without a
 * name cannot be distinguished from them.
 */
export function mayBeResolvers(onfulfilled: unknown, onrejected: unknown): onfulfilled is Callback {
  return isNameless(onfulfilled) && isNameless(onrejected) && onfulfilled !== onrejected;
}

function isNameless(callback: unknown): boolean {
  if (typeof callback !== 'function' || callback.name !== '' || callback.length !== 1) return false;
  return apply(textOf, callback, []) === NATIVE && !types.isProxy(callback);
}

function derive(): Derived {
  let resolve: (value: unknown) => void = nothing;
  let reject: (error: unknown) => void = nothing;
  const promise = new NativePromise<unknown>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

const nothing = (): undefined => undefined;

// Each calls one of the two callbacks. What that returns or throws settles the follower's promise.

export let fulfill: (follower: Follower, result: unknown) => void;
export let reject: (follower: Follower, error: unknown) => void;

/**
 * Two callbacks that follow a job, most often the resolving functions of a promise, as passed by `await` and
 * `Promise.all`: a promise of the job's own in between would cost several times as much. A follower is also returned by
 * `then` in place of a promise. Those two callers ignore it; for any other it behaves like that promise.
 */
export class Follower implements Promise<unknown> {
  /** `undefined` once one of the two was called. */
  #onfulfilled: Callback | undefined;
  #onrejected: Callback | undefined;
  #derived: Derived | undefined = undefined;

  static {
    pinShape(new Follower(nothing, nothing));
    // makes a follower an `instanceof Promise` whose constructor is `Promise`
    Reflect.setPrototypeOf(Follower.prototype, Promise.prototype);
    Reflect.deleteProperty(Follower.prototype, 'constructor');
  }

  constructor(onfulfilled: Callback, onrejected: Callback) {
    this.#onfulfilled = onfulfilled;
    this.#onrejected = onrejected;
  }

  static {
    const call = (follower: Follower, callback: Callback | undefined, outcome: unknown): void => {
      follower.#onfulfilled = undefined;
      follower.#onrejected = undefined;
      let value: unknown;
      try {
        value = callback?.(outcome);
      } catch (error) {
        follower.#derived ??= derive();
        follower.#derived.reject(error); // an unhandled rejection unless someone handles it, as with any promise
        return;
      }
      if (value !== undefined) follower.#derived ??= derive();
      follower.#derived?.resolve(value);
    };
    fulfill = (follower, result) => call(follower, follower.#onfulfilled, result);
    reject = (follower, error) => call(follower, follower.#onrejected, error);
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  // biome-ignore lint/suspicious/noThenProperty: a follower stands in for a promise
  then<A = unknown, B = never>(
    onfulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return Follower.#promiseOf(this).then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return Follower.#promiseOf(this).catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<unknown> {
    return Follower.#promiseOf(this).finally(onfinally);
  }

  static #promiseOf(follower: Follower): Promise<unknown> {
    if (follower.#derived === undefined) {
      follower.#derived = derive();
      if (follower.#onfulfilled === undefined) follower.#derived.resolve(undefined);
    }
    return follower.#derived.promise;
  }
}
