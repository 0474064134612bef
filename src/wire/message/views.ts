import { types } from 'node:util';
import { isPlain } from '../../base/bare.js';
import { byteRangeOf, copyOfView, farPartOf, isDetached, memoryOf } from '../lane/known-buffers.js';

/*
 * The structured clone sends a view with all its memory, and makes a Uint8Array of a Buffer. A Buffer is a view of memory that
 * others use as well more often than not. So of a view its own part is sent, and a Buffer is made of it again at the other end.
 * Only views that have bytes in common, with one another or with a buffer in the value, go as the clone sends them, as they
 * have them in common there, too.
 */

/** What to do about the views in a value. */
export interface ViewPlan {
  /** The copies to send in place of views: each has its memory to itself. */
  readonly copies: ReadonlyMap<object, ArrayBufferView>;
  /** What is sent for each Buffer: the Buffer or its copy. */
  readonly buffers: readonly Uint8Array[];
}

/** How many objects are searched. Views behind them are left to the clone. */
const MAX_OBJECTS = 2 ** 20;
/** A list with more holes in a row is read by its keys. */
const MAX_HOLES = 1000;

const { getOwnPropertyDescriptor, hasOwn, keys: keysOf } = Object;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { isBuffer } = Buffer;
const NO_KEYS: readonly string[] = [];

/**
 * Returns what to do about the views in a value, in arrays, plain objects, Maps and Sets at any depth; `undefined` if the
 * structured clone carries all of them as they are.
 *
 * @param moved memory that is not copied.
 */
export function planViews(value: unknown, moved: readonly unknown[]): ViewPlan | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { views, memories } = new ViewSearch(value);
  if (views.length === 0) return undefined;
  for (const memory of moved) memories.add(memory as object);
  const overlapping = overlappingViews(views);
  const copies = new Map<object, ArrayBufferView>();
  const buffers: Uint8Array[] = [];
  let isNeeded = false;
  for (const view of views) {
    const memory = memoryOf(view) as ArrayBufferLike;
    const isOwn = memories.has(memory) || overlapping.has(view) || !isPartOf(memory, view);
    const sent = isOwn ? view : copyOfView(view);
    if (!isOwn) copies.set(view, sent);
    if (isBuffer(view)) buffers.push(sent as Uint8Array);
    if (farPartOf(sent) !== undefined) isNeeded = true;
  }
  return isNeeded || copies.size > 0 || buffers.length > 0 ? { copies, buffers } : undefined;
}

/** Whether a view is a part of memory that can be copied: not shared, not resizable, not gone. */
function isPartOf(memory: ArrayBufferLike, view: ArrayBufferView): boolean {
  if (!types.isArrayBuffer(memory) || (memory as { readonly resizable?: boolean }).resizable === true) return false;
  return byteRangeOf(view).length < memory.byteLength && !isDetached(memory);
}

/** Returns the views that have bytes in common with another. */
function overlappingViews(views: readonly ArrayBufferView[]): ReadonlySet<ArrayBufferView> {
  const found = new Set<ArrayBufferView>();
  if (views.length < 2) return found;
  const byMemory = new Map<
    unknown,
    { readonly view: ArrayBufferView; readonly begin: number; readonly end: number }[]
  >();
  for (const view of views) {
    const { offset, length } = byteRangeOf(view);
    const ofMemory = byMemory.get(memoryOf(view)) ?? [];
    ofMemory.push({ view, begin: offset, end: offset + length });
    byMemory.set(memoryOf(view), ofMemory);
  }
  for (const ranges of byMemory.values()) {
    ranges.sort((a, b) => a.begin - b.begin);
    let last = ranges[0];
    for (const range of ranges.slice(1)) {
      if (last !== undefined && range.begin < last.end) {
        found.add(last.view);
        found.add(range.view);
      }
      if (last === undefined || range.end > last.end) last = range;
    }
  }
  return found;
}

/** Finds the views in a value, and buffers that are in it as such. Runs no getter of an object unlike those before, and no proxy. */
class ViewSearch {
  readonly views: ArrayBufferView[] = [];
  readonly memories = new Set<object>();
  readonly #objects = new Set<object>();
  /** The keys of the last object without getters. */
  #plainKeys = NO_KEYS;

  constructor(value: object) {
    this.#objects.add(value);
    for (const object of this.#objects) this.#search(object);
  }

  #search(object: object): void {
    if (types.isProxy(object)) return;
    if (isView(object)) this.views.push(object);
    else if (isArray(object)) this.#searchList(object);
    else if (types.isMap(object)) {
      // not as the object's class iterates
      for (const key of Map.prototype.keys.call(object)) this.#add(key);
      for (const item of Map.prototype.values.call(object)) this.#add(item);
    } else if (types.isSet(object)) {
      for (const item of Set.prototype.values.call(object)) this.#add(item);
    } else if (types.isArrayBuffer(object)) this.memories.add(object);
    else if (isPlain(object)) this.#searchProperties(object as Readonly<Record<string, unknown>>);
  }

  #add(item: unknown): void {
    if (typeof item === 'object' && item !== null && this.#objects.size < MAX_OBJECTS) this.#objects.add(item);
  }

  #searchList(list: readonly unknown[]): void {
    let holes = 0;
    for (let i = 0; i < list.length; i++) {
      // no getter is likely to be here, other than in a list of a few items that was made for a test
      const item = i < 8 ? getOwnPropertyDescriptor(list, i)?.value : list[i];
      if (item !== undefined) this.#add(item);
      else if (!hasOwn(list, i) && ++holes > MAX_HOLES) {
        for (const key of keysOf(list)) this.#add(getOwnPropertyDescriptor(list, key)?.value);
        return;
      }
    }
  }

  #searchProperties(object: Readonly<Record<string, unknown>>): void {
    const keys = keysOf(object);
    if (areSame(keys, this.#plainKeys)) {
      for (const key of keys) this.#add(object[key]);
      return;
    }
    let isPlainData = true;
    for (const key of keys) {
      const { value, get } = getOwnPropertyDescriptor(object, key) ?? {};
      if (get === undefined) this.#add(value);
      else isPlainData = false;
    }
    if (isPlainData) this.#plainKeys = keys;
  }
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Returns what was sent for a Buffer as a Buffer over the same memory. */
export function toBuffer(sent: Uint8Array): Buffer {
  const { offset, length } = byteRangeOf(sent);
  return Buffer.from(memoryOf(sent) as ArrayBuffer, offset, length);
}
