import { types } from 'node:util';
import { checkArray } from '../../base/check/values.js';
import { registerClass } from '../../base/known-classes.js';
import { ofThisVersion } from '../../base/version.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { Uncloneable } from '../../sync/uncloneable.js';

// registered, as another copy of the library, which the task imports, makes the wrapper that the worker takes off
const BRAND = Symbol.for(ofThisVersion('moved'));
const VALUE = Symbol.for(ofThisVersion('movedValue'));

/** A wrapper around a value to be moved. Inside another value the structured clone refuses it. */
export class Moved extends Uncloneable {
  readonly [BRAND]: readonly Transferable[];
  readonly [VALUE]: unknown;

  constructor(value: unknown, transferables: readonly Transferable[]) {
    super();
    this[VALUE] = value;
    this[BRAND] = transferables;
  }

  static {
    registerClass(Moved, { name: 'moved value', isOfAllCopies: true });
  }
}

/**
 * Marks `value` to be sent without copying the memory and ports listed in `transferables`: buffers, ports, streams, or views,
 * which stand for their buffers. A task returns, reports or yields the result, or passes it to a child as an argument; anywhere
 * else, such as inside another value, it causes a `TypeError`. Memory that others use as well, such as that of a small `Buffer`,
 * is copied.
 *
 * @throws {TypeError} if `transferables` is not an array.
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
  checkArray(transferables, 'transferables', 'move value');
  // typed as the value itself, so that the task's type does not change: the worker takes the wrapper off
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
