import { optionNames, readOptions } from '../base/check/options.js';
import { checkSignal } from '../base/check/values.js';
import type { Engine } from './engine.js';
import type { EventHub, PoolEvent, PoolListener } from './events.js';

/** Gives a pool its parts, which user code cannot reach. */
export let giveParts: (pool: PoolEmitter, parts: Engine) => void;
/** The parts of a pool; `undefined` for any other value. For code that shows a pool without being a part of it. */
export let partsOf: (value: unknown) => Engine | undefined;

/** The events of pools that are no `ThreadPool`, such as those of a cluster. */
const eventsOfOthers = new WeakMap<object, EventHub>();

/** Registers the events of a pool that is no `ThreadPool`, for code that shows the pool. */
export function giveEvents(pool: object, events: EventHub): void {
  eventsOfOthers.set(pool, events);
}

/** The events of a pool of any kind; `undefined` for any other value. */
export function eventsOf(pool: object): EventHub | undefined {
  return partsOf(pool)?.events ?? eventsOfOthers.get(pool);
}

/** What ends a wait for an event. */
export interface OnceOptions {
  /** A signal that ends the wait with a `CancelledError`. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

const ONCE_OPTIONS = optionNames<OnceOptions>({ signal: true });

/** @throws {TypeError} for a bad option. */
export function readOnceSignal(options: OnceOptions | undefined, event: string): AbortSignal | undefined {
  const { signal } = readOptions(options, ONCE_OPTIONS, `wait for '${String(event)}'`);
  return signal === undefined ? undefined : checkSignal(signal, 'signal', 'wait for an event');
}

/** The part of a pool that its listeners see. */
export abstract class PoolEmitter {
  // biome-ignore lint/style/useReadonlyClassProperties: set by the function that the class gives away
  #parts: Engine | undefined;

  static {
    giveParts = (pool, parts) => {
      pool.#parts = parts;
    };
    partsOf = (value) =>
      typeof value === 'object' && value !== null && #parts in value ? (value as PoolEmitter).#parts : undefined;
  }

  /**
   * Calls `fn` at each event of that name. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} for an unknown event, or if `fn` is not a function.
   */
  on<E extends PoolEvent>(event: E, fn: PoolListener<E>): () => void {
    const unregister = this.#given.events.on(event, fn);
    this.#listensTo(event);
    return unregister;
  }

  /**
   * Waits for the next event of that name. Resolves with what its listeners are given, as a list; or calls `fn` with it,
   * and returns a function that unregisters `fn`. Does not keep the process alive.
   *
   * @throws {CancelledError} by rejection, if `signal` aborts first.
   * @throws {TypeError} for an unknown event or a bad option.
   *
   * @example
   * ```ts
   * const [worker] = await pool.once('workerExited');
   * ```
   */
  once<E extends PoolEvent>(event: E, options?: OnceOptions): Promise<Parameters<PoolListener<E>>>;
  once<E extends PoolEvent>(event: E, fn: PoolListener<E>): () => void;
  once<E extends PoolEvent>(
    event: E,
    given?: OnceOptions | PoolListener<E>,
  ): Promise<Parameters<PoolListener<E>>> | (() => void) {
    const { events } = this.#given;
    if (typeof given === 'function') {
      if ((event as string) === 'error') return () => {}; // Node's `events.once` listens for it on any emitter
      const unregister = events.once(event, given);
      this.#listensTo(event);
      return unregister;
    }
    const next = events.next(event, readOnceSignal(given, event));
    this.#listensTo(event);
    return next;
  }

  /** Unregisters `fn`, which `on` or `once` has registered for the event. Does nothing if it is not. */
  off<E extends PoolEvent>(event: E, fn: PoolListener<E>): void {
    this.#given.events.off(event, fn);
  }

  /** Like `off`: the name by which Node's `events.once(pool, …)` calls it. */
  removeListener<E extends PoolEvent>(event: E, fn: PoolListener<E>): void {
    this.off(event, fn);
  }

  get #given(): Engine {
    return this.#parts as Engine; // given by the constructor of the pool
  }

  #listensTo(event: PoolEvent): void {
    const { workers, starvation } = this.#given;
    if (event === 'jobStarted') workers.announceStarts();
    if (event === 'starvation') starvation.begin();
  }
}
