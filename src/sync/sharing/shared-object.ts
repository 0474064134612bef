import { threadId } from 'node:worker_threads';
import { defineHidden } from '../../base/define.js';
import {
  ADD_CARRIER,
  CARRIERS_CHANGED,
  COPIES_GONE,
  HANDLE_FOR,
  HANDLE_FOR_PROCESS,
  IS_NEEDED,
  SHARED,
  THREAD_GONE,
} from '../inner.js';
import { Uncloneable } from '../uncloneable.js';
import { CROSS, type CrossingHandle } from './crossing.js';
import { arrived, type Carrier, findShared, hold, keep, nextSharedId } from './registry.js';

// For the classes of such objects, each for objects of its own.

export let sharedIdOf: (object: SharedObject) => string;
export let carriersOf: (object: SharedObject) => Iterable<Carrier>;
export let carrierCountOf: (object: SharedObject) => number;
/** To be called when `IS_NEEDED` may have changed. */
export let keepIfNeeded: (object: SharedObject) => void;
/** The copy, on this thread, of what came over `carrier`. */
export let arriveAs: <T extends SharedObject>(handle: CrossingHandle, carrier: Carrier, make: () => T) => T;

/**
 * An object over shared memory that crosses between threads: on each thread that holds it it is one object, however often
 * it comes. Copies know each other by an id.
 */
export abstract class SharedObject extends Uncloneable {
  #id: string | undefined;
  /** The threads it was sent to, and how many times; those it came from. */
  #carriers: Map<Carrier, number> | undefined;

  static {
    sharedIdOf = (object) => object.#id ?? '';
    carriersOf = (object) => object.#carriers?.keys() ?? [];
    carrierCountOf = (object) => object.#carriers?.size ?? 0;
    keepIfNeeded = (object) => {
      if (object.#carriers === undefined) return;
      let isOut = false;
      for (const times of object.#carriers.values()) isOut ||= times > 0;
      keep(object, isOut && object[IS_NEEDED]);
    };
    arriveAs = <T extends SharedObject>(handle: CrossingHandle, carrier: Carrier, make: () => T): T => {
      const held = findShared(handle.id) as T | undefined;
      const object = held ?? make();
      if (held === undefined) {
        object.#id = handle.id;
        hold(handle.id, object);
      }
      arrived(handle.id, carrier);
      object[ADD_CARRIER](carrier, 0);
      object[SHARED]();
      return object;
    };
  }

  /** @internal */
  abstract [HANDLE_FOR](carrier: Carrier): Omit<CrossingHandle, 'id'>;

  /** @internal */
  get [IS_NEEDED](): boolean {
    return false;
  }

  /** @internal */
  [HANDLE_FOR_PROCESS](): Omit<CrossingHandle, 'id'> {
    throw new TypeError('It is shared memory, which no other process can have');
  }

  /** @internal */
  [CROSS](carrier: Carrier): CrossingHandle {
    const { type, words, details } = carrier.sharesMemory ? this[HANDLE_FOR](carrier) : this[HANDLE_FOR_PROCESS]();
    if (this.#id === undefined) {
      this.#id = nextSharedId(threadId);
      hold(this.#id, this);
    }
    this[ADD_CARRIER](carrier, 1);
    this[SHARED]();
    return { type, id: this.#id, words, details };
  }

  /** @internal */
  [COPIES_GONE](carrier: Carrier, count: number): void {
    const left = (this.#carriers?.get(carrier) ?? 0) - count;
    if (left > 0) this.#carriers?.set(carrier, left);
    else this.#forget(carrier);
  }

  /** @internal */
  [THREAD_GONE](carrier: Carrier, _threads: readonly number[]): void {
    this.#forget(carrier);
  }

  /** @internal */
  [SHARED](): void {}

  /** @internal */
  [ADD_CARRIER](carrier: Carrier, times: number): void {
    this.#carriers ??= new Map();
    this.#carriers.set(carrier, (this.#carriers.get(carrier) ?? 0) + times);
    keepIfNeeded(this);
  }

  /** @internal */
  [CARRIERS_CHANGED](): void {
    keepIfNeeded(this);
  }

  #forget(carrier: Carrier): void {
    if (this.#carriers?.delete(carrier)) this[CARRIERS_CHANGED]();
  }
}

/** Makes `instanceof` true for every object of the class, whichever copy of this library made it. */
export function brand(ofClass: { readonly prototype: object }, name: string): void {
  const key = Symbol.for(`thread-system.${name}`);
  defineHidden(ofClass.prototype, key, true);
  const isOne = (value: unknown): boolean => typeof value === 'object' && value !== null && key in value;
  defineHidden(ofClass, Symbol.hasInstance, isOne);
}
