// biome-ignore-all lint/style/useReadonlyClassProperties: fields are set by the functions that the class gives away

import { types } from 'node:util';
import { pinShape } from '../base/pin-shape.js';

type Callback = (value: unknown) => unknown;

/** The promise of a follower, where somebody has asked for it. */
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
 * Whether these may be the two functions by which the engine settles a promise: what `then` is given by `await`, by
 * `Promise.all`, and by `new Promise((resolve, reject) => job.then(resolve, reject))`. Nothing tells them for certain from
 * other native functions without a name.
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

/** The job that is followed has settled so. Calls one of the two callbacks; what it returns or throws is the promise's. */
export let tell: (follower: Follower, isFulfilled: boolean, outcome: unknown) => void;

/**
 * Two callbacks that follow a job, most often the resolving functions of a promise. `await` and `Promise.all` follow so: a
 * promise of the job's own between the two would cost several times as much. It also stands for the promise that `then`
 * returns, at which those two never look; to anybody who does it is as that promise.
 */
export class Follower implements Promise<unknown> {
  /** `undefined` once one of the two was called. */
  #onfulfilled: Callback | undefined;
  #onrejected: Callback | undefined;
  #derived: Derived | undefined = undefined;

  static {
    pinShape(new Follower(nothing, nothing));
    // it is an `instanceof Promise`, and names that as its constructor
    Reflect.setPrototypeOf(Follower.prototype, Promise.prototype);
    Reflect.deleteProperty(Follower.prototype, 'constructor');
  }

  constructor(onfulfilled: Callback, onrejected: Callback) {
    this.#onfulfilled = onfulfilled;
    this.#onrejected = onrejected;
  }

  static {
    tell = (follower, isFulfilled, outcome) => {
      const callback = isFulfilled ? follower.#onfulfilled : follower.#onrejected;
      follower.#onfulfilled = undefined;
      follower.#onrejected = undefined;
      let value: unknown;
      try {
        value = callback?.(outcome);
      } catch (error) {
        follower.#derived ??= derive();
        follower.#derived.reject(error); // where nobody looks it is an unhandled rejection, as a promise's
        return;
      }
      if (value !== undefined) follower.#derived ??= derive();
      follower.#derived?.resolve(value);
    };
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
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
