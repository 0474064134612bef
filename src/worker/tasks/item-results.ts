import type { CurrentJob } from '../../contract/current-job.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { isMoved, movedValueOf, transferablesOf } from '../../wire/message/move.js';
import { drive, iteratorOf } from './generator-task.js';

/** A list of items or of results: an array or a typed array. */
export type MutableList = { readonly length: number; [index: number]: unknown };
type MutableListConstructor = new (length: number) => MutableList;

/** Where the results go: `undefined` for a new array, `'same'` for a new typed array of the items' kind, or a given list. */
export type Target = undefined | 'same' | MutableList;

/** Number of items between two checks for cancellation: a check costs as much as ten short items. */
export const CHECK_EVERY = 32;

export function listFor(items: MutableList, target: Target): MutableList {
  if (target === undefined) return new Array<unknown>(items.length);
  return target === 'same' ? new (items.constructor as MutableListConstructor)(items.length) : target;
}

/** Returns the result, or a promise of it, if the value is a generator; any other value as it is. */
export function drivenValue(job: CurrentJob, value: unknown): unknown {
  const iterator = typeof value === 'object' && value !== null ? iteratorOf(value) : undefined;
  return iterator === undefined ? value : drive(job, iterator);
}

/** Takes the wrappers of `move()` off the results, and adds what they list to `moved`: it is moved with the whole list. */
export function unwrap(results: MutableList, moved: Transferable[]): void {
  for (let i = 0; i < results.length; i++) {
    const value = results[i];
    if (!isMoved(value)) continue;
    moved.push(...transferablesOf(value));
    results[i] = movedValueOf(value);
  }
}
