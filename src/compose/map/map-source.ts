import { types } from 'node:util';
import { mustBe } from '../../base/check/argument-errors.js';
import {
  type Chunk,
  chunkOf,
  flatten,
  type ItemList,
  type ItemSource,
  MOST_COPIED,
  type TypedArray,
} from './item-source.js';
import { AsyncSource, IteratorSource } from './iterator-source.js';
import { SharedSource, TypedSource } from './typed-source.js';

/** @throws {TypeError} if the items are not iterable. */
export function itemSourceOf(items: unknown, action: string): ItemSource {
  if (types.isTypedArray(items)) {
    const array = items as TypedArray;
    return types.isSharedArrayBuffer(array.buffer) ? new SharedSource(array) : new TypedSource(array);
  }
  if (Array.isArray(items)) return new ArraySource(items);
  const iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>> = Object(items);
  if (typeof iterable[Symbol.asyncIterator] === 'function')
    return new AsyncSource((items as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  if (typeof iterable[Symbol.iterator] === 'function')
    return new IteratorSource((items as Iterable<unknown>)[Symbol.iterator]());
  throw mustBe('iterable', items, 'the items', action);
}

class ArraySource implements ItemSource {
  readonly length: number;
  readonly most = MOST_COPIED;
  readonly #items: readonly unknown[];
  #position = 0;

  constructor(items: readonly unknown[]) {
    this.#items = items;
    this.length = items.length;
  }

  read(max: number): Chunk | undefined {
    const items = this.#items.slice(this.#position, this.#position + max);
    this.#position += items.length;
    return items.length === 0 ? undefined : chunkOf(items);
  }

  close(): void {}

  collect(parts: readonly ItemList[]): unknown[] {
    return flatten(parts);
  }
}
