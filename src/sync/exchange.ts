/** What one thread tells another about an object that both hold. */
export interface ExchangeMessage {
  readonly kind: 'token-cancelled';
  readonly id: string;
  readonly reason: unknown;
  /** The job in whose code it was cancelled, by its sequence number in that worker's lane. */
  readonly by?: number | undefined;
}

/** A way to one other thread. */
export interface Carrier {
  /** False once the other thread has ended: nothing more need be told. */
  readonly isOpen: boolean;
  tell(message: ExchangeMessage): void;
}

/** An object of which other threads hold a copy, all over the same shared memory. */
export interface Shared {
  /** Is told what happened to a copy, by the thread behind `from`. */
  heard(message: ExchangeMessage, from: Carrier): void;
}

/** The part of the exchange that a thread has once, however many copies of this library are loaded in it. */
interface Registry {
  nextId: number;
  readonly held: Map<string, WeakRef<Shared>>;
  readonly forget: FinalizationRegistry<string>;
  /** Throws `CancelledError` when the job that now runs on this thread is cancelled; does nothing elsewhere. */
  checkCurrentJob: () => void;
}

const KEY = Symbol.for('thread-system.exchange');

function createRegistry(): Registry {
  const held = new Map<string, WeakRef<Shared>>();
  // by weak references: an object that nobody on this thread holds is forgotten, its shared memory with it (I9)
  const forget = new FinalizationRegistry<string>((id) => {
    if (held.get(id)?.deref() === undefined) held.delete(id);
  });
  return { nextId: 0, held, forget, checkCurrentJob: () => {} };
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

/** Hands a message from another thread to this thread's copy, if it still has one. */
export function receive(message: ExchangeMessage, from: Carrier): void {
  findShared(message.id)?.heard(message, from);
}

export function checkCurrentJob(): void {
  registry.checkCurrentJob();
}

export function setCurrentJobCheck(check: () => void): void {
  registry.checkCurrentJob = check;
}
