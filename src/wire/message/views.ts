import { types } from 'node:util';
import { isPlainObject } from '../../base/bare.js';
import { byteRangeOf, copyOfView, farPartOf, isDetached, memoryOf } from '../lane/known-buffers.js';
import { hasKeys } from '../lane/shapes.js';

/*
 * The structured clone sends a view with all its memory, and makes a Uint8Array of a Buffer; but a Buffer is mostly a view of
 * memory that others use as well. So only the part of the memory that a view shows is sent, and the other end makes a Buffer of it
 * again. Views that have bytes in common, with one another or with a buffer in the value, go as the clone sends them, so that
 * they have them in common there, too.
 */

/** What to do about the views in a value. */
export interface ViewPlan {
  /** The copies to send in place of views: each has its memory to itself. */
  readonly copies: ReadonlyMap<object, ArrayBufferView>;
  /** What is sent for each Buffer: the Buffer or its copy. */
  readonly buffers: readonly Uint8Array[];
}

/** How many objects are searched, each as often as it is met. Views behind them are left to the clone. */
const MAX_OBJECTS = 2 ** 20;
/** How many values without objects are read again each time that their list or object is met. */
const FEW = 8;
/** How many items of a list may be getters: one is likely only in a list of a few items that was made for a test. */
const CHECKED_ITEMS = 8;
/** A list with more holes in a row is read by its keys. */
const MAX_HOLES = 1000;

const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys: keysOf, prototype: OBJECT } = Object;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { isBuffer } = Buffer;

/**
 * Returns what to do about the views in a value, in arrays, plain objects, Maps and Sets at any depth; `undefined` if the
 * structured clone carries all of them as they are.
 *
 * @param moved memory that is not copied.
 */
export function planViews(value: unknown, moved: readonly unknown[]): ViewPlan | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { found, memories } = new ViewSearch(value);
  if (found.size === 0) return undefined;
  const views = [...found];
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

/**
 * Finds the views in a value, and buffers that are in it as such. Runs no getter of an object unlike those before, and no proxy.
 * Every value that is cloned is searched: for a list of records it takes a fifth to a half of the time that its clone takes.
 */
class ViewSearch {
  readonly found = new Set<ArrayBufferView>();
  readonly memories = new Set<object>();
  /** Objects that contain objects, as only these may lead back to themselves, and those with more than a few values. */
  readonly #visited = new Set<object>();
  /** Those to be searched, and beside each the key by which it was found. */
  readonly #left: object[] = [];
  readonly #leftKeys: string[] = [];
  #met = 0;
  /** The keys of an object without getters, by the key of that object: those of other records mostly are the same. */
  readonly #plainKeys = new Map<string, readonly string[]>();
  /** The keys of lists whose first items were read without their getters. */
  readonly #plainLists = new Set<string>();

  constructor(value: object) {
    this.#meet(value, '');
    for (let object = this.#left.pop(); object !== undefined; object = this.#left.pop())
      this.#search(object, this.#leftKeys.pop() as string);
  }

  #search(object: object, key: string): void {
    if (types.isProxy(object)) return;
    const prototype: unknown = getPrototypeOf(object);
    if (prototype === OBJECT) this.#searchProperties(object as Properties, key);
    else if (isArray(object)) this.#searchList(object, key);
    else if (isView(object)) this.found.add(object);
    else if (types.isMap(object)) {
      // not as the object's class iterates
      if (!this.#visit(object)) return;
      for (const item of Map.prototype.keys.call(object)) this.#meet(item, key);
      for (const item of Map.prototype.values.call(object)) this.#meet(item, key);
    } else if (types.isSet(object)) {
      if (!this.#visit(object)) return;
      for (const item of Set.prototype.values.call(object)) this.#meet(item, key);
    } else if (types.isArrayBuffer(object)) this.memories.add(object);
    else if (isPlainObject(object)) this.#searchProperties(object as Properties, key);
  }

  /** Returns whether it is entered for the first time. */
  #visit(object: object): boolean {
    if (this.#visited.has(object)) return false;
    this.#visited.add(object);
    return true;
  }

  #meet(item: unknown, key: string): void {
    if (typeof item !== 'object' || item === null || this.#met++ >= MAX_OBJECTS) return;
    this.#left.push(item);
    this.#leftKeys.push(key);
  }

  #searchList(list: readonly unknown[], key: string): void {
    let isEntered = list.length > FEW;
    if (isEntered && !this.#visit(list)) return;
    let holes = 0;
    const checked = this.#plainLists.has(key) ? 0 : CHECKED_ITEMS;
    this.#plainLists.add(key);
    for (let i = 0; i < list.length; i++) {
      const item = i < checked ? getOwnPropertyDescriptor(list, i)?.value : list[i];
      if (typeof item === 'object' && item !== null) {
        if (!isEntered && !this.#visit(list)) return;
        isEntered = true;
        this.#meet(item, key);
      } else if (item === undefined && !hasOwn(list, i) && ++holes > MAX_HOLES) {
        for (const name of keysOf(list)) this.#meet(getOwnPropertyDescriptor(list, name)?.value, key);
        return;
      }
    }
  }

  #searchProperties(object: Properties, key: string): void {
    const plainKeys = this.#plainKeys.get(key);
    if (plainKeys === undefined || !hasKeys(object, plainKeys)) {
      this.#searchUnknown(object, key);
      return;
    }
    let isEntered = plainKeys.length > FEW;
    if (isEntered && !this.#visit(object)) return;
    for (const name in object) {
      const item = object[name];
      if (typeof item !== 'object' || item === null) continue;
      if (!isEntered && !this.#visit(object)) return;
      isEntered = true;
      this.#meet(item, name);
    }
  }

  #searchUnknown(object: Properties, key: string): void {
    if (!this.#visit(object)) return;
    const keys = keysOf(object);
    let isPlainData = true;
    for (const name of keys) {
      const { value, get } = getOwnPropertyDescriptor(object, name) ?? {};
      if (get === undefined) this.#meet(value, name);
      else isPlainData = false;
    }
    if (isPlainData) this.#plainKeys.set(key, keys);
  }
}

type Properties = Readonly<Record<string, unknown>>;

/** Returns what was sent for a Buffer as a Buffer over the same memory. */
export function toBuffer(sent: Uint8Array): Buffer {
  const { offset, length } = byteRangeOf(sent);
  return Buffer.from(memoryOf(sent) as ArrayBuffer, offset, length);
}
