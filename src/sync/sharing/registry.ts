import type { MessagePort } from 'node:worker_threads';
import { setImmediate } from '../../base/clock.js';
import { ofThisVersion } from '../../base/version.js';
import { COPIES_GONE, COPY_CANCELLED, REASON_ASKED, THREAD_GONE } from '../inner.js';

/** A message from one thread to another about objects of which both have a copy. */
export type RegistryMessage =
  | {
      readonly kind: 'token-cancelled';
      readonly id: string;
      readonly reason: unknown;
      /** Sequence number, in that worker's lane, of the job whose code cancelled the token. */
      readonly by?: number | undefined;
    }
  /** A copy arrived already cancelled: its thread asks for the reason. */
  | { readonly kind: 'token-asked'; readonly id: string }
  /** Copies that came from the other thread were collected: their ids, and how often each had arrived. */
  | { readonly kind: 'copies-gone'; readonly copies: readonly (readonly [id: string, arrivals: number])[] };

/** A connection to one other thread. */
export interface Peer {
  /** False once the other thread has ended: no more messages need to be sent. */
  readonly isOpen: boolean;
  /** Whether the other thread is in the same process. */
  readonly sharesMemory: boolean;
  /** Called when a stream of either thread continues on the other by the port. */
  linked?(port: MessagePort): void;
  /** Called when a task has moved the port here. */
  lent?(port: MessagePort): void;
  post(message: RegistryMessage): void;
}

/** An object of which other threads have copies over the same shared memory. */
export interface Shared {
  /** The thread behind `from` cancelled its copy. */
  [COPY_CANCELLED]?(reason: unknown, from: Peer): void;
  /** The thread behind `from` asks why its copy is cancelled. */
  [REASON_ASKED]?(from: Peer): void;
  /** Copies sent to the thread behind `peer` were collected. */
  [COPIES_GONE]?(peer: Peer, count: number): void;
  /** The thread behind `peer` has ended; `threads` are its index and those of the threads that ended with it. */
  [THREAD_GONE]?(peer: Peer, threads: readonly number[]): void;
}

/** The state that a thread has once, however many copies of this library are loaded in it. */
interface Registry {
  nextId: number;
  /**
   * This thread's copies of shared objects, by id. Weak references: an object that nothing on this thread references is
   * forgotten with its shared memory (I9).
   */
  readonly copies: Map<string, WeakRef<Shared>>;
  /** Threads that this one has started. */
  readonly peers: Set<Peer>;
  /** Objects that stay alive for the threads that have a copy, even if nothing here references them. */
  readonly pinned: Set<Shared>;
  readonly forget: FinalizationRegistry<string>;
  /** How often each object arrived over each peer, by id. */
  readonly arrivals: Map<string, Map<Peer, number>>;
  /** Ids of collected copies that are still to be reported. */
  readonly gone: string[];
  /** Throws `CancelledError` if the job that this thread runs is cancelled. Does nothing outside a job. */
  checkCurrentJob: () => void;
}

const KEY = Symbol.for(ofThisVersion('registry'));

function createRegistry(): Registry {
  const copies = new Map<string, WeakRef<Shared>>();
  const gone: string[] = [];
  const forget = new FinalizationRegistry<string>((id) => {
    if (copies.get(id)?.deref() !== undefined) return; // the object arrived again
    copies.delete(id);
    if (gone.push(id) === 1) setImmediate(reportGone).unref();
  });
  // sealed: see `sealed` in `wakeup.ts`
  return Object.seal({
    nextId: 0,
    copies,
    peers: new Set(),
    pinned: new Set(),
    forget,
    arrivals: new Map(),
    gone,
    checkCurrentJob: () => {},
  });
}

const globals = globalThis as typeof globalThis & { [KEY]?: Registry };
// One per thread: the library may be loaded twice (ES module and CommonJS; the worker's loop and the task's import).
globals[KEY] ??= createRegistry();
const registry: Registry = globals[KEY];

/** Returns an id for a shared object that is unique across threads. */
export function nextSharedId(threadId: number): string {
  return `${threadId}-${registry.nextId++}`;
}

/** Registers this thread's copy of a shared object. */
export function registerCopy(id: string, object: Shared): void {
  registry.copies.set(id, new WeakRef(object));
  registry.forget.register(object, id);
}

/** Returns this thread's copy of a shared object; `undefined` if there is none, or it was collected. */
export function findCopy(id: string): Shared | undefined {
  return registry.copies.get(id)?.deref();
}

/** Counts the arrival of an object over `peer`. */
export function countArrival(id: string, peer: Peer): void {
  let counts = registry.arrivals.get(id);
  if (counts === undefined) {
    counts = new Map();
    registry.arrivals.set(id, counts);
  }
  counts.set(peer, (counts.get(peer) ?? 0) + 1);
}

/** Keeps an object alive for the sake of its copies on other threads. */
export function pin(object: Shared): void {
  registry.pinned.add(object);
}

export function unpin(object: Shared): void {
  registry.pinned.delete(object);
}

/** Passes a message from another thread to this thread's copies, if they still exist. */
export function receive(message: RegistryMessage, from: Peer): void {
  if (message.kind === 'token-cancelled') copyCancelled(message, from);
  else if (message.kind === 'token-asked') findCopy(message.id)?.[REASON_ASKED]?.(from);
  else for (const [id, arrivals] of message.copies) findCopy(id)?.[COPIES_GONE]?.(from, arrivals);
}

function copyCancelled(message: Extract<RegistryMessage, { readonly kind: 'token-cancelled' }>, from: Peer): void {
  const object = findCopy(message.id);
  if (object !== undefined) object[COPY_CANCELLED]?.(message.reason, from);
  // the copy here is gone; pass the message on to the threads that may still have one
  else for (const other of registry.peers) if (other !== from && other.isOpen) other.post(message);
}

/** Registers a thread that this one has started. */
export function threadStarted(peer: Peer): void {
  registry.peers.add(peer);
}

/** Unregisters a thread that has ended: `threads` are the indexes of it and of those it had started. */
export function threadGone(peer: Peer, threads: readonly number[]): void {
  registry.peers.delete(peer);
  for (const counts of registry.arrivals.values()) counts.delete(peer);
  for (const copy of [...registry.copies.values()]) copy.deref()?.[THREAD_GONE]?.(peer, threads);
}

export function checkCurrentJob(): void {
  registry.checkCurrentJob();
}

export function setCurrentJobCheck(check: () => void): void {
  registry.checkCurrentJob = check;
}

function reportGone(): void {
  const byPeer = new Map<Peer, [string, number][]>();
  for (const id of registry.gone.splice(0)) {
    const counts = registry.arrivals.get(id);
    if (counts === undefined || registry.copies.has(id)) continue;
    registry.arrivals.delete(id);
    for (const [peer, count] of counts) {
      const copies = byPeer.get(peer);
      if (copies === undefined) byPeer.set(peer, [[id, count]]);
      else copies.push([id, count]);
    }
  }
  for (const [peer, copies] of byPeer) if (peer.isOpen) peer.post({ kind: 'copies-gone', copies });
}
