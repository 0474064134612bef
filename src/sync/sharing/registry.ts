import type { MessagePort } from 'node:worker_threads';
import { setImmediate } from '../../base/clock.js';
import { ASKED, COPIES_GONE, HEARD, THREAD_GONE } from '../inner.js';

/** What one thread tells another about objects that both hold. */
export type RegistryMessage =
  | {
      readonly kind: 'token-cancelled';
      readonly id: string;
      readonly reason: unknown;
      /** The job in whose code it was cancelled, by its sequence number in that worker's lane. */
      readonly by?: number | undefined;
    }
  /** A copy has come that was cancelled before: why? */
  | { readonly kind: 'token-asked'; readonly id: string }
  /** Copies that had come from the other thread are gone: their ids, and how many times each had come. */
  | { readonly kind: 'copies-gone'; readonly copies: readonly (readonly [id: string, arrivals: number])[] };

/** A way to one other thread. */
export interface Peer {
  /** False once the other thread has ended: nothing more need be told. */
  readonly isOpen: boolean;
  /** Whether it is in the same process. */
  readonly sharesMemory: boolean;
  /** A stream, of whichever side, goes on to that thread by the port. */
  linked?(port: MessagePort): void;
  /** A task has moved the port to this thread. */
  lent?(port: MessagePort): void;
  tell(message: RegistryMessage): void;
}

/** An object of which other threads hold a copy, all over the same shared memory. */
export interface Shared {
  /** The thread behind `from` cancelled its copy. */
  [HEARD]?(reason: unknown, from: Peer): void;
  /** The thread behind `from` asks why its copy is cancelled. */
  [ASKED]?(from: Peer): void;
  /** Copies that it sent to the thread behind `peer` are gone. */
  [COPIES_GONE]?(peer: Peer, count: number): void;
  /** The thread behind `peer`, with the threads of the indexes `threads`, has ended. */
  [THREAD_GONE]?(peer: Peer, threads: readonly number[]): void;
}

/** The part of the exchange that a thread has once, however many copies of this library are loaded in it. */
interface Registry {
  nextId: number;
  /** By weak references: an object that nobody on this thread holds is forgotten, its shared memory with it (I9). */
  readonly held: Map<string, WeakRef<Shared>>;
  /** The threads that this one has started. */
  readonly peers: Set<Peer>;
  /** Those that must be there although nobody here holds them, for the threads that hold a copy. */
  readonly kept: Set<Shared>;
  readonly forget: FinalizationRegistry<string>;
  /** How many times each object came, by whom. */
  readonly arrivals: Map<string, Map<Peer, number>>;
  /** Ids of copies that are gone, to be told. */
  readonly gone: string[];
  /** Throws `CancelledError` when the job that now runs on this thread is cancelled; does nothing elsewhere. */
  checkCurrentJob: () => void;
}

const KEY = Symbol.for('thread-system.exchange');

function createRegistry(): Registry {
  const held = new Map<string, WeakRef<Shared>>();
  const gone: string[] = [];
  const forget = new FinalizationRegistry<string>((id) => {
    if (held.get(id)?.deref() !== undefined) return; // it has come again
    held.delete(id);
    if (gone.push(id) === 1) setImmediate(tellGone).unref();
  });
  // sealed, as in `wakeup.ts`
  return Object.seal({
    nextId: 0,
    held,
    peers: new Set(),
    kept: new Set(),
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

/** A name for a shared object that no other thread gives. */
export function nextSharedId(threadId: number): string {
  return `${threadId}-${registry.nextId++}`;
}

export function hold(id: string, object: Shared): void {
  registry.held.set(id, new WeakRef(object));
  registry.forget.register(object, id);
}

export function findShared(id: string): Shared | undefined {
  return registry.held.get(id)?.deref();
}

/** An object, or another copy of it, has come over `peer`. */
export function arrived(id: string, peer: Peer): void {
  let counts = registry.arrivals.get(id);
  if (counts === undefined) {
    counts = new Map();
    registry.arrivals.set(id, counts);
  }
  counts.set(peer, (counts.get(peer) ?? 0) + 1);
}

/** Keeps an object in memory, or does not any longer, for what other threads may do with their copies. */
export function keep(object: Shared, isKept: boolean): void {
  if (isKept) registry.kept.add(object);
  else registry.kept.delete(object);
}

/** Hands a message from another thread to this thread's copies, if it still has them. */
export function receive(message: RegistryMessage, from: Peer): void {
  if (message.kind === 'token-cancelled') heard(message, from);
  else if (message.kind === 'token-asked') findShared(message.id)?.[ASKED]?.(from);
  else for (const [id, arrivals] of message.copies) findShared(id)?.[COPIES_GONE]?.(from, arrivals);
}

function heard(message: Extract<RegistryMessage, { readonly kind: 'token-cancelled' }>, from: Peer): void {
  const object = findShared(message.id);
  if (object !== undefined) object[HEARD]?.(message.reason, from);
  // nobody here holds it any more: whichever other thread does is told all the same
  else for (const other of registry.peers) if (other !== from && other.isOpen) other.tell(message);
}

/** A thread has been started by this one. */
export function threadStarted(peer: Peer): void {
  registry.peers.add(peer);
}

/** A thread has ended, with those it had started: `threads` are their indexes. */
export function threadGone(peer: Peer, threads: readonly number[]): void {
  registry.peers.delete(peer);
  for (const counts of registry.arrivals.values()) counts.delete(peer);
  for (const held of [...registry.held.values()]) held.deref()?.[THREAD_GONE]?.(peer, threads);
}

export function checkCurrentJob(): void {
  registry.checkCurrentJob();
}

export function setCurrentJobCheck(check: () => void): void {
  registry.checkCurrentJob = check;
}

function tellGone(): void {
  const byPeer = new Map<Peer, [string, number][]>();
  for (const id of registry.gone.splice(0)) {
    const counts = registry.arrivals.get(id);
    if (counts === undefined || registry.held.has(id)) continue;
    registry.arrivals.delete(id);
    for (const [peer, count] of counts) {
      const copies = byPeer.get(peer);
      if (copies === undefined) byPeer.set(peer, [[id, count]]);
      else copies.push([id, count]);
    }
  }
  for (const [peer, copies] of byPeer) if (peer.isOpen) peer.tell({ kind: 'copies-gone', copies });
}
