import { whenSettled } from '../base/promises.js';
import { decodeError, encodeError } from '../wire/message/error-codec.js';
import { snapshot } from '../wire/message/snapshot.js';
import type { CallNow } from '../worker/talk/talk.js';

/**
 * Returns a function that calls a function of the pool for a job on the same thread, with the cloning of a call from another one.
 *
 * @param run calls a function of the pool by its name.
 */
export function callHere(run: CallNow): CallNow {
  return (name, args) => {
    const given = snapshot(args, 'args', []).value as readonly unknown[];
    const value = runAsElsewhere(() => run(name, given));
    if (isThenable(value)) {
      void whenSettled(value, ignore, ignore);
      throw new Error(
        `Cannot call '${name}' by callSync: it returns a promise, which cannot settle while the job blocks the thread of its pool, which is of kind 'inline'; use call`,
      );
    }
    return snapshot(value, 'result', []).value;
  };
}

function runAsElsewhere(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    throw decodeError(encodeError(error));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function ignore(): void {}
