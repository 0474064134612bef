import { packed } from '../../base/packed-numbers.js';
import type { CurrentJob } from '../../contract/current-job.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { isMoved, move, movedValueOf, transferablesOf } from '../../wire/message/move.js';
import { drive, isThenable, iteratorOf } from './generator-task.js';

type Code = (...args: readonly unknown[]) => unknown;
/** A list of items or of results: an array or a typed array. */
type List = { readonly length: number; [index: number]: unknown };
type ListConstructor = new (length: number) => List;

/** Where the results go: `undefined`, a list of their own; `'same'`, a typed array of the items' kind; or this one. */
export type Target = undefined | 'same' | List;

/** A cancelled list stops between two items, looked at each time so many are done: a look costs as much as ten short items. */
const LOOK_EVERY = 32;

/**
 * The task that calls `code` for each item of a list, and returns the list of what it returned. Results that are promises
 * are awaited one after the other.
 */
export function eachOf(code: Code): Code {
  const each = function (this: CurrentJob, items: List, target: Target): unknown {
    const { length } = items;
    const results = listFor(items, target);
    for (let i = 0; i < length; ) {
      this.throwIfCancelled();
      const next = Math.min(length, i + LOOK_EVERY);
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
  /** What the code returned for the first of them. */
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

/** What is sent back. */
function finished(results: List, target: Target): unknown {
  if (target !== undefined) return target === 'same' ? results : undefined;
  const list = packed(results);
  return list === results ? unwrapped(results) : list;
}

/** Results that are to be moved are moved with the list. */
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
