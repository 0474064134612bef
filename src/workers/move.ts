import { describe } from '../errors.js';
import type { Transferable } from '../sync/crossing.js';

const BRAND = Symbol.for('thread-system.moved');

/** A task's result with what is to be moved in it. */
export interface Moved {
  readonly [BRAND]: readonly Transferable[];
  readonly value: unknown;
}

/**
 * Returned by a task, hands over `value` without copying the buffers and ports listed in `transferables`.
 *
 * @throws {TypeError} when `transferables` is not an array.
 *
 * @example
 * ```ts
 * export function render(size: number): Uint8Array<ArrayBuffer> {
 *   const pixels = new Uint8Array(size);
 *   return move(pixels, [pixels.buffer]);
 * }
 * ```
 */
export function move<T>(value: T, transferables: readonly Transferable[]): T {
  if (!Array.isArray(transferables))
    throw new TypeError(`Cannot move result: transferables must be an array, received ${describe(transferables)}`);
  const moved: Moved = { [BRAND]: transferables, value };
  // a fiction that keeps the task's type its own: the loop takes the wrapper off
  return moved as T;
}

export function isMoved(value: object): value is Moved {
  return BRAND in value;
}

export function transferablesOf(moved: Moved): readonly Transferable[] {
  return moved[BRAND];
}
