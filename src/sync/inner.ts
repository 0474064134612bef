// What objects that users hold have for this library alone. By symbols: no misnamed call, and no method of a subclass, can
// be taken for one of them, and neither `Object.keys`, nor JSON, nor `console.log` shows them.

// Registered, as several copies of this library in one thread (ES module and CommonJS, the worker's loop and the task's
// import) call those of each other's objects.

/** Cancels a dependent once the object has come about. */
export const LINK = Symbol.for('thread-system.link');
export const UNLINK = Symbol.for('thread-system.unlink');
/** Whether it has come about, on any thread. */
export const HAS_HAPPENED = Symbol.for('thread-system.hasHappened');
/** When it came about, in ms of `now()`. */
export const HAPPENED_AT_MS = Symbol.for('thread-system.happenedAtMs');
/** Sees to it from now on that this time is exact. */
export const KEEP_TIME = Symbol.for('thread-system.keepTime');
/** What a thread tells of its copy: see `Shared` in `exchange.ts`. */
export const HEARD = Symbol.for('thread-system.heard');
export const ASKED = Symbol.for('thread-system.asked');
export const COPIES_GONE = Symbol.for('thread-system.copiesGone');
export const THREAD_GONE = Symbol.for('thread-system.threadGone');
/** The object is sent over a peer, or has come over it. */
export const ADD_PEER = Symbol.for('thread-system.addPeer');
/** Another thread holds a copy, too. */
export const SHARED = Symbol.for('thread-system.shared');
/** What a condition asks of its mutex. */
export const IS_HELD = Symbol.for('thread-system.isHeld');
export const GIVE_AWAY = Symbol.for('thread-system.giveAway');

// What a class has its base class call: each copy its own.

/** What crosses in the object's stead. */
export const HANDLE_FOR = Symbol('handleFor');
/** The same, for a thread of another process. */
export const HANDLE_FOR_PROCESS = Symbol('handleForProcess');
/** Whether it has something to do here, for the threads that hold a copy, although nobody here may hold it. */
export const IS_NEEDED = Symbol('isNeeded');
/** Whether somebody here is to be told when it comes about. */
export const IS_AWAITED = Symbol('isAwaited');
/** A peer is gone. */
export const PEERS_CHANGED = Symbol('peersChanged');
/** What it is called in an error, such as 'a signal'. */
export const KIND_NAME = Symbol('kindName');
/** Whether other threads' copies tell this one by a message; else they wake it. */
export const IS_TOLD_BY_MESSAGE = Symbol('isToldByMessage');
/** Whether it follows its source although nobody here is to be told. */
export const FOLLOWS_ALWAYS = Symbol('followsAlways');
/** What its dependents are told. */
export const REASON_TO_TELL = Symbol('reasonToTell');
/** Called when its source has come about. */
export const SOURCE_HAPPENED = Symbol('sourceHappened');

/** What only this library gives a constructor that users call, too: nothing that they pass there is one. */
export class Inner<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** What is in it, where it is one. */
  static of<T>(given: Inner<T> | undefined): T | undefined {
    return typeof given === 'object' && given !== null && #value in given ? given.#value : undefined;
  }
}
