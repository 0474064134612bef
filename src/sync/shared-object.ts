import { threadId } from 'node:worker_threads';
import { defineHidden } from '../base/define.js';
import { CROSS, type CrossingHandle, uncloneable } from './crossing.js';
import { arrived, type Carrier, findShared, hold, keep, nextSharedId } from './exchange.js';

/**
 * An object over shared memory that crosses between threads: on each thread that holds it it is one object, however often
 * it comes. Copies know each other by an id.
 */
export abstract class SharedObject {
  /** @internal */
  readonly uncloneable = uncloneable;
  #id: string | undefined;
  /** The threads it was sent to, and how many times; those it came from. */
  #carriers: Map<Carrier, number> | undefined;

  /** What crosses in its stead, over `carrier`. */
  protected abstract handleFor(carrier: Carrier): Omit<CrossingHandle, 'id'>;

  /** Whether it has something to do here, for the threads that hold a copy, although nobody here may hold it. */
  protected get isNeeded(): boolean {
    return false;
  }

  /** The same, for a thread of another process. */
  protected handleForProcess(): Omit<CrossingHandle, 'id'> {
    throw new TypeError('It is shared memory, which no other process can have');
  }

  /** @internal */
  [CROSS](carrier: Carrier): CrossingHandle {
    const { type, words, details } = carrier.sharesMemory ? this.handleFor(carrier) : this.handleForProcess();
    if (this.#id === undefined) {
      this.#id = nextSharedId(threadId);
      hold(this.#id, this);
    }
    this.addCarrier(carrier, 1);
    this.shared();
    return { type, id: this.#id, words, details };
  }

  /** @internal */
  copiesGone(carrier: Carrier, count: number): void {
    const left = (this.#carriers?.get(carrier) ?? 0) - count;
    if (left > 0) this.#carriers?.set(carrier, left);
    else this.#forget(carrier);
  }

  /** @internal */
  threadGone(carrier: Carrier, _threads: readonly number[]): void {
    this.#forget(carrier);
  }

  /** @internal The copy, on this thread, of what came over `carrier`. */
  static arrive<T extends SharedObject>(handle: CrossingHandle, carrier: Carrier, make: () => T): T {
    const held = findShared(handle.id) as T | undefined;
    const object = held ?? make();
    if (held === undefined) {
      object.#id = handle.id;
      hold(handle.id, object);
    }
    arrived(handle.id, carrier);
    object.addCarrier(carrier, 0);
    object.shared();
    return object;
  }

  /** @internal Another thread holds a copy, too. */
  shared(): void {}

  /** @internal */
  addCarrier(carrier: Carrier, times: number): void {
    this.#carriers ??= new Map();
    this.#carriers.set(carrier, (this.#carriers.get(carrier) ?? 0) + times);
    this.keepIfNeeded();
  }

  protected get id(): string {
    return this.#id ?? '';
  }

  protected get carriers(): Iterable<Carrier> {
    return this.#carriers?.keys() ?? [];
  }

  protected get carrierCount(): number {
    return this.#carriers?.size ?? 0;
  }

  /** To be called when `isNeeded` may have changed. */
  protected keepIfNeeded(): void {
    if (this.#carriers === undefined) return;
    let isOut = false;
    for (const times of this.#carriers.values()) isOut ||= times > 0;
    keep(this, isOut && this.isNeeded);
  }

  /** A carrier is gone. */
  protected carriersChanged(): void {
    this.keepIfNeeded();
  }

  #forget(carrier: Carrier): void {
    if (this.#carriers?.delete(carrier)) this.carriersChanged();
  }
}

/** Makes `instanceof` true for every object of the class, whichever copy of this library made it. */
export function brand(ofClass: { readonly prototype: object }, name: string): void {
  const key = Symbol.for(`thread-system.${name}`);
  defineHidden(ofClass.prototype, key, true);
  const isOne = (value: unknown): boolean => typeof value === 'object' && value !== null && key in value;
  defineHidden(ofClass, Symbol.hasInstance, isOne);
}
