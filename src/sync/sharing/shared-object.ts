import { threadId } from 'node:worker_threads';
import { defineHidden } from '../../base/define.js';
import { registerClass } from '../../base/known-classes.js';
import { ofThisVersion } from '../../base/version.js';
import {
  ADD_PEER,
  COPIES_GONE,
  HANDLE_FOR,
  HANDLE_FOR_PROCESS,
  IS_AWAITED,
  IS_NEEDED,
  PEERS_CHANGED,
  SHARED,
  THREAD_GONE,
} from '../inner.js';
import { Uncloneable } from '../uncloneable.js';
import { CROSS, type CrossingHandle } from './crossing.js';
import { countArrival, findCopy, nextSharedId, type Peer, pin, registerCopy, unpin } from './registry.js';

// For the classes of shared objects, each for its own instances.

export let sharedIdOf: (object: SharedObject) => string;
export let peersOf: (object: SharedObject) => Iterable<Peer>;
export let peerCountOf: (object: SharedObject) => number;
/** Pins the object while it is needed or awaited: call this when `IS_NEEDED` or `IS_AWAITED` may have changed. */
export let updatePin: (object: SharedObject) => void;
/** Returns this thread's copy of an object that arrived over `peer`; makes it if there is none. */
export let reviveAs: <T extends SharedObject>(handle: CrossingHandle, peer: Peer, make: () => T) => T;

/**
 * An object over shared memory that crosses between threads. Each thread has at most one copy, however often the object
 * arrives. Copies are matched by an id.
 */
export abstract class SharedObject extends Uncloneable {
  #id: string | undefined;
  /** Threads that the object was sent to, with how often, and threads that it came from, with 0. */
  #peers: Map<Peer, number> | undefined;

  static {
    sharedIdOf = (object) => object.#id ?? '';
    peersOf = (object) => object.#peers?.keys() ?? [];
    peerCountOf = (object) => object.#peers?.size ?? 0;
    updatePin = (object) => {
      if (object.#peers === undefined) return;
      let isOut = false;
      let isElsewhere = false;
      for (const [peer, times] of object.#peers) {
        isOut ||= times > 0;
        isElsewhere ||= !peer.sharesMemory;
      }
      // waiters here may be reachable only through this object, such as a promise's resolver; and copies in another process hear
      // only what this one passes on
      if ((object[IS_AWAITED] && object.#peers.size > 0) || (isOut && (isElsewhere || object[IS_NEEDED]))) pin(object);
      else unpin(object);
    };
    reviveAs = <T extends SharedObject>(handle: CrossingHandle, peer: Peer, make: () => T): T => {
      const known = findCopy(handle.id) as T | undefined;
      const object = known ?? make();
      if (known === undefined) {
        object.#id = handle.id;
        registerCopy(handle.id, object);
      }
      countArrival(handle.id, peer);
      object[ADD_PEER](peer, 0);
      object[SHARED]();
      return object;
    };
  }

  /** @internal */
  abstract [HANDLE_FOR](peer: Peer): Omit<CrossingHandle, 'id'>;

  /** @internal */
  get [IS_NEEDED](): boolean {
    return false;
  }

  /** @internal */
  get [IS_AWAITED](): boolean {
    return false;
  }

  /** @internal */
  [HANDLE_FOR_PROCESS](): Omit<CrossingHandle, 'id'> {
    throw new TypeError('It is shared memory, which no other process can have');
  }

  /** @internal */
  [CROSS](peer: Peer): CrossingHandle {
    const { type, words, details } = peer.sharesMemory ? this[HANDLE_FOR](peer) : this[HANDLE_FOR_PROCESS]();
    if (this.#id === undefined) {
      this.#id = nextSharedId(threadId);
      registerCopy(this.#id, this);
    }
    this[ADD_PEER](peer, 1);
    this[SHARED]();
    return { type, id: this.#id, words, details };
  }

  /** @internal */
  [COPIES_GONE](peer: Peer, count: number): void {
    const left = (this.#peers?.get(peer) ?? 0) - count;
    if (left > 0) this.#peers?.set(peer, left);
    else this.#forget(peer);
  }

  /** @internal */
  [THREAD_GONE](peer: Peer, _threads: readonly number[]): void {
    this.#forget(peer);
  }

  /** @internal */
  [SHARED](): void {}

  /** @internal */
  [ADD_PEER](peer: Peer, times: number): void {
    this.#peers ??= new Map();
    this.#peers.set(peer, (this.#peers.get(peer) ?? 0) + times);
    updatePin(this);
  }

  /** @internal */
  [PEERS_CHANGED](): void {
    updatePin(this);
  }

  #forget(peer: Peer): void {
    if (this.#peers?.delete(peer)) this[PEERS_CHANGED]();
  }
}

/** Makes `instanceof` true for every instance of the class, whichever copy of this version made it. */
export function brand(ofClass: { readonly prototype: object }, name: string): void {
  registerClass(ofClass, { name, isOfAllCopies: true });
  const key = Symbol.for(ofThisVersion(name));
  defineHidden(ofClass.prototype, key, true);
  const isOne = (value: unknown): boolean => typeof value === 'object' && value !== null && key in value;
  defineHidden(ofClass, Symbol.hasInstance, isOne);
}
