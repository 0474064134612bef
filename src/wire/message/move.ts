import { types } from 'node:util';
import { describe } from '../../errors.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { Uncloneable } from '../../sync/uncloneable.js';

// registered: the task's import makes such a wrapper, the worker's loop takes it off
const BRAND = Symbol.for('thread-system.moved');
const VALUE = Symbol.for('thread-system.movedValue');

/** A value with what is to be moved in it. Where it stands in a value, the structured clone refuses it instead of handing it over. */
export class Moved extends Uncloneable {
  readonly [BRAND]: readonly Transferable[];
  readonly [VALUE]: unknown;

  constructor(value: unknown, transferables: readonly Transferable[]) {
    super();
    this[VALUE] = value;
    this[BRAND] = transferables;
  }
}

/**
 * Hands over `value` without copying the memory and ports listed in `transferables`: buffers, or views, which stand for
 * their buffers. A task returns it, reports it, yields it, or gives it to a child as an argument; anywhere else, such as
 * within a value, it is a `TypeError`. What shares its memory with others, as a small `Buffer` does, is copied.
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
    throw new TypeError(`Cannot move value: transferables must be an array, received ${describe(transferables)}`);
  // a fiction that keeps the task's type its own: the loop takes the wrapper off
  return new Moved(value, transferables) as T;
}

export function isMoved(value: unknown): value is Moved {
  return typeof value === 'object' && value !== null && !types.isProxy(value) && BRAND in value;
}

export function movedValueOf(moved: Moved): unknown {
  return moved[VALUE];
}

export function transferablesOf(moved: Moved): readonly Transferable[] {
  return moved[BRAND];
}
