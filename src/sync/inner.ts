import { refuseSurplus } from '../base/check/options.js';
import { ofThisVersion } from '../base/version.js';

// Members of public objects that only this library uses. They are keyed by symbols, so that no method of a subclass can
// clash with them, and neither `Object.keys`, nor JSON, nor `console.log` shows them.

// Registered symbols: several copies of this library in one thread (ES module and CommonJS, the worker's loop and the
// task's import) call these members of each other's objects.

/** Cancels a dependent once the object has fired. */
export const LINK = Symbol.for(ofThisVersion('link'));
export const UNLINK = Symbol.for(ofThisVersion('unlink'));
/** Whether the object has fired, on any thread. */
export const HAS_FIRED = Symbol.for(ofThisVersion('hasFired'));
/** When the object fired, in ms of `now()`. */
export const FIRED_AT_MS = Symbol.for(ofThisVersion('firedAtMs'));
/** Makes the object record that time exactly from now on. */
export const KEEP_TIME = Symbol.for(ofThisVersion('keepTime'));
/** Called when another thread reports about its copy: see `Shared` in `registry.ts`. */
export const COPY_CANCELLED = Symbol.for(ofThisVersion('copyCancelled'));
export const REASON_ASKED = Symbol.for(ofThisVersion('reasonAsked'));
export const COPIES_GONE = Symbol.for(ofThisVersion('copiesGone'));
export const THREAD_GONE = Symbol.for(ofThisVersion('threadGone'));
/** Notes that the object is sent over a peer, or has arrived over it. */
export const ADD_PEER = Symbol.for(ofThisVersion('addPeer'));
/** Called when another thread gets a copy. */
export const SHARED = Symbol.for(ofThisVersion('shared'));
/** What a condition uses of its mutex. */
export const IS_HELD = Symbol.for(ofThisVersion('isHeld'));
export const GIVE_AWAY = Symbol.for(ofThisVersion('giveAway'));

// Not registered: methods that a class overrides and its base class calls, within one copy of the library.

/** Returns what is sent in place of the object. */
export const HANDLE_FOR = Symbol('handleFor');
/** Returns what is sent in place of the object to another process. */
export const HANDLE_FOR_PROCESS = Symbol('handleForProcess');
/** Whether this thread's copy must stay alive for the threads that have a copy, even if nobody here references it. */
export const IS_NEEDED = Symbol('isNeeded');
/** Whether anything on this thread is to be notified when the object fires. */
export const IS_AWAITED = Symbol('isAwaited');
/** Called when a peer is gone. */
export const PEERS_CHANGED = Symbol('peersChanged');
/** Name of the kind of object in an error, such as 'a signal'. */
export const KIND_NAME = Symbol('kindName');
/** Whether copies on other threads notify this one by a message, rather than by a wakeup. */
export const IS_NOTIFIED_BY_MESSAGE = Symbol('isNotifiedByMessage');
/** Whether the object follows its source even if nothing on this thread is to be notified. */
export const FOLLOWS_ALWAYS = Symbol('followsAlways');
/** Reason that is passed to the object's dependents. */
export const REASON_FOR_DEPENDENTS = Symbol('reasonForDependents');
/** Called when the object's source has fired. */
export const SOURCE_FIRED = Symbol('sourceFired');

/** An argument that only this library can pass to a public constructor: no value from outside is an instance. */
export class Inner<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /**
   * Returns the wrapped value; `undefined` if there is none.
   *
   * @param takes what callers from outside may pass to the constructor, such as `no arguments`.
   * @throws {TypeError} if `given` is neither an instance nor `undefined`.
   */
  static of<T>(given: Inner<T> | undefined, takes: string, action: string): T | undefined {
    if (given === undefined) return undefined;
    if (typeof given === 'object' && given !== null && #value in given) return given.#value;
    refuseSurplus([given], takes, action);
    return undefined;
  }
}
