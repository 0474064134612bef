import { packed } from '../../base/packed-numbers.js';
import type { CurrentJob } from '../../contract/current-job.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { isMoved, move, movedValueOf, transferablesOf } from '../../wire/message/move.js';
import { drive, isThenable, iteratorOf } from './generator-task.js';

type Code = (...args: readonly unknown[]) => unknown;
/** A list of items or of results: an array or a typed array. */
type List = { readonly length: number; [index: number]: unknown };
type ListConstructor = new (length: number) => List;

/** Where the results go: `undefined` for a new array, `'same'` for a new typed array of the items' kind, or a given list. */
export type Target = undefined | 'same' | List;

/** Number of items between two checks for cancellation: a check costs as much as ten short items. */
const CHECK_EVERY = 32;

/**
 * Returns a task that calls `code` for each item of a list and returns the list of results. Results that are promises are awaited
 * one after another.
 */
export function eachOf(code: Code): Code {
  const each = function (this: CurrentJob, items: List, target: Target): unknown {
    const { length } = items;
    const results = listFor(items, target);
    for (let i = 0; i < length; ) {
      this.throwIfCancelled();
      const next = Math.min(length, i + CHECK_EVERY);
      for (; i < next; i++) {
        const value = code.call(this, items[i]) as unknown;
        if (typeof value === 'object' && value !== null && isDeferred(value))
          return awaitRest(this, code, { items, results, target, from: i, value });
        results[i] = value;
      }
    }
    return finished(results, target);
  };
  return each as Code;
}

function listFor(items: List, target: Target): List {
  if (target === undefined) return new Array<unknown>(items.length);
  return target === 'same' ? new (items.constructor as ListConstructor)(items.length) : target;
}

function isDeferred(value: object): boolean {
  return isThenable(value) || iteratorOf(value) !== undefined;
}

interface Rest {
  readonly items: List;
  readonly results: List;
  readonly target: Target;
  readonly from: number;
  /** What the code returned for the item at `from`. */
  readonly value: object;
}

async function awaitRest(job: CurrentJob, code: Code, rest: Rest): Promise<unknown> {
  const { items, results, target } = rest;
  let { value }: { value: unknown } = rest;
  for (let i = rest.from; ; ) {
    const iterator = typeof value === 'object' && value !== null ? iteratorOf(value) : undefined;
    results[i] = await (iterator === undefined ? value : drive(job, iterator));
    if (++i === items.length) return finished(results, target);
    job.throwIfCancelled();
    value = code.call(job, items[i]);
  }
}

/** Returns what is sent back. */
function finished(results: List, target: Target): unknown {
  if (target !== undefined) return target === 'same' ? results : undefined;
  const list = packed(results);
  return list === results ? unwrapped(results) : list;
}

/** Takes the wrappers of `move()` off the results, and moves what they list with the whole list. */
function unwrapped(results: List): unknown {
  const moved: Transferable[] = [];
  for (let i = 0; i < results.length; i++) {
    const value = results[i];
    if (!isMoved(value)) continue;
    moved.push(...transferablesOf(value));
    results[i] = movedValueOf(value);
  }
  return moved.length === 0 ? results : move(results, moved);
}
