import { types } from 'node:util';
import { keepShape } from '../sync/keep-shape.js';

type Resolver = (value: unknown) => void;

const { toString: textOf } = Function.prototype;
const { apply } = Reflect;
const NATIVE = 'function () { [native code] }';

/**
 * Whether it is one of the two functions by which the engine settles a promise: what `then` is given by `await`, by
 * `Promise.all`, and by `new Promise((resolve, reject) => job.then(resolve, reject))`. They run no code of a user's.
 */
export function isResolver(callback: unknown): callback is Resolver {
  if (typeof callback !== 'function' || callback.name !== '' || callback.length !== 1) return false;
  return apply(textOf, callback, []) === NATIVE && !types.isProxy(callback);
}

const nothing = (): undefined => undefined;

/**
 * A promise of somebody's that follows a job, told by its resolving functions. `await` and `Promise.all` follow so: a
 * promise of the job's own between the two would cost several times as much. It also stands for the promise that `then`
 * returns, at which those two never look.
 */
export class Follower implements Promise<undefined> {
  readonly #followed: PromiseLike<unknown>;
  readonly resolve: Resolver;
  readonly reject: Resolver;

  static {
    keepShape(new Follower(Promise.resolve(), nothing, nothing));
  }

  constructor(followed: PromiseLike<unknown>, resolve: Resolver, reject: Resolver) {
    this.#followed = followed;
    this.resolve = resolve;
    this.reject = reject;
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
  then<A = undefined, B = never>(
    onfulfilled?: ((value: undefined) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<undefined | B> {
    return this.#promise().catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<undefined> {
    return this.#promise().finally(onfinally);
  }

  /** Resolves to what the resolving functions return, whichever of them is called. */
  #promise(): Promise<undefined> {
    return new Promise((resolve) => this.#followed.then(nothing, nothing).then(resolve));
  }
}
