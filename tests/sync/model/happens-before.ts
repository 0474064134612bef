import type { StateKey } from './state-set.ts';

/** How a change is made so that the search can take it back. */
export interface Log {
  set(table: unknown[], index: number, value: unknown): void;
}

/** How often each thread has published something, as far as one knows. Never changed. */
type Clock = readonly number[];

/** A store to a word that others look at plainly: its value, by whom, and when by that thread's clock. */
interface Stored {
  readonly value: number;
  readonly thread: number;
  readonly time: number;
}

/** To one address: of each thread, when it last did which of the kinds below; 0: never. Never changed. */
type Accesses = readonly number[];

// Of each thread, when it last did these to a word, behind when it last did any of them
const PLAIN_READ = 1;
const PLAIN_WRITE = 2;
const ATOMIC_READ = 3;
const ATOMIC_WRITE = 4;
const KINDS = 5;
/** What each conflicts with, of another thread. */
const CONFLICTS: readonly (readonly number[])[] = [
  [],
  [PLAIN_WRITE, ATOMIC_WRITE],
  [PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE],
  [PLAIN_WRITE],
  [PLAIN_READ, PLAIN_WRITE],
];

// a global of the test environment is looked up anew, slowly, at each use
const { max, min } = Math;
const { Array: ArrayClass } = globalThis;
/** Later than all times. */
const EVER = 0x7fff_ffff;
/** Between parts of a key: no address. */
const SEPARATOR = -1;

/**
 * What happens before what, by vector clocks: as in the memory model of ECMAScript, an atomic load learns what the thread
 * knew that stored the value, and a message brings what its sender knew. The order of atomic operations alone gives no such
 * knowledge. Finds data races: two accesses to a word, one of them a plain one, one of them a write, neither of which
 * happens before the other.
 */
export class HappensBefore {
  readonly #threads: number;
  readonly #log: Log;
  readonly #clocks: Clock[];
  /** By address: what who loads it learns. */
  readonly #published: (Clock | undefined)[];
  readonly #publishedAt: number[] = [];
  readonly #accesses: (Accesses | undefined)[];
  readonly #accessedAt: number[] = [];
  /** By address: what was stored there, where plain loads may race. */
  readonly #stores: (readonly Stored[])[] = [];
  /** By address and thread: the store that it has seen last. */
  readonly #seen: number[] = [];
  readonly #looks: number[] = [];
  /** What `knownToAll` answers. */
  readonly #known: number[] = [];

  constructor(threads: number, words: number, log: Log) {
    this.#threads = threads;
    this.#log = log;
    // filled, as an array with holes, or one that has been stored to far behind its end, is slow
    this.#published = new ArrayClass<Clock | undefined>(words).fill(undefined);
    this.#accesses = new ArrayClass<Accesses | undefined>(words).fill(undefined);
    // a thread's own time begins at 1, so that what it does first is not known to others
    this.#clocks = Array.from({ length: threads }, (_, own) =>
      Array.from({ length: threads }, (_, other) => (other === own ? 1 : 0)),
    );
  }

  allowLooks(at: number, value: number): void {
    this.#looks.push(at);
    this.#stores[at] = [{ value, thread: 0, time: 0 }];
  }

  /** A plain read. Returns the thread that it races with, or -1. */
  read(thread: number, at: number): number {
    return this.#access(thread, at, PLAIN_READ);
  }

  write(thread: number, at: number): number {
    return this.#access(thread, at, PLAIN_WRITE);
  }

  /** An atomic access, which may race with plain ones: not with those that are allowed to. */
  touch(thread: number, at: number, isWrite: boolean): number {
    return this.#access(thread, at, isWrite ? ATOMIC_WRITE : ATOMIC_READ);
  }

  /** The values that a plain load may find which is allowed to race. */
  seenBy(thread: number, at: number): readonly Stored[] {
    return this.#stores[at]?.slice(this.#firstSeen(thread, at)) ?? [];
  }

  /** Such a load finds one of them. */
  look(thread: number, at: number, choice: number): number {
    const first = this.#firstSeen(thread, at);
    this.#log.set(this.#seen, at * this.#threads + thread, first + choice);
    return this.#stores[at]?.[first + choice]?.value ?? 0;
  }

  /** Learns what was published with the value at an address. */
  acquire(thread: number, at: number): void {
    const known = this.#published[at];
    if (known !== undefined) this.learn(thread, known);
  }

  /** Publishes what the thread knows with the value that it stores. */
  release(thread: number, at: number, value: number): void {
    const stores = this.#stores[at];
    const time = this.#clock(thread)[thread] ?? 0;
    if (stores !== undefined) this.#log.set(this.#stores, at, [...stores, { value, thread, time }]);
    if (this.#published[at] === undefined && !this.#publishedAt.includes(at)) this.#publishedAt.push(at);
    this.#log.set(this.#published, at, this.publish(thread));
  }

  /** What the thread knows now. What it does from now on is later. */
  publish(thread: number): Clock {
    const known = this.#clock(thread);
    this.#log.set(
      this.#clocks,
      thread,
      known.map((time, other) => (other === thread ? time + 1 : time)),
    );
    return known;
  }

  learn(thread: number, clock: Clock): void {
    const known = this.#clock(thread);
    if (known.every((time, other) => time >= (clock[other] ?? 0))) return;
    this.#log.set(
      this.#clocks,
      thread,
      known.map((time, other) => max(time, clock[other] ?? 0)),
    );
  }

  /** Learns all that an ended thread knew. */
  join(thread: number, ended: number): void {
    this.learn(thread, this.publish(ended));
  }

  /** By thread, up to when all other living threads know what it did. Valid until the next call. */
  knownToAll(living: readonly number[]): Clock {
    for (let thread = 0; thread < this.#threads; thread++) {
      let known = EVER;
      for (const other of living) if (other !== thread) known = min(known, this.#clock(other)[thread] ?? 0);
      this.#known[thread] = known;
    }
    return this.#known;
  }

  /** Adds all that the future depends on to a key. */
  addTo(key: StateKey, living: readonly number[], known: Clock): void {
    for (const thread of living) for (const time of this.#clock(thread)) key.add(time);
    for (const at of this.#publishedAt) {
      const published = this.#published[at];
      if (published === undefined || !hasNews(published, known)) continue;
      key.add(at);
      addNews(key, published, known);
    }
    key.add(SEPARATOR);
    for (const at of this.#accessedAt) {
      const times = this.#accesses[at];
      if (times !== undefined) this.#addAccesses(key, at, { times, known });
    }
    key.add(SEPARATOR);
    for (const at of this.#looks)
      for (const thread of living) {
        const stores = this.#stores[at] ?? [];
        const first = this.#firstSeen(thread, at);
        key.add(stores.length - first);
        for (let index = first; index < stores.length; index++) {
          const { value = 0, thread: by = 0, time = 0 } = stores[index] ?? {};
          key.add(value);
          key.add(by);
          key.add(time);
        }
      }
  }

  /** Of the threads that did something that not all know. */
  #addAccesses(key: StateKey, at: number, { times, known }: { readonly times: Clock; readonly known: Clock }): void {
    for (let thread = 0; thread < this.#threads; thread++) {
      const first = thread * KINDS;
      if ((times[first] ?? 0) <= (known[thread] ?? 0)) continue;
      key.add(at * this.#threads + thread);
      for (let index = first; index < first + KINDS; index++) key.add(times[index] ?? 0);
    }
  }

  #access(thread: number, at: number, kind: number): number {
    // a plain load of it may race, and nothing else
    if (this.#stores[at] !== undefined) return kind === PLAIN_WRITE ? (thread + 1) % this.#threads : -1;
    const known = this.#clock(thread);
    const times = this.#accesses[at];
    if (times !== undefined)
      for (let other = 0; other < this.#threads; other++) {
        if (other === thread || (times[other * KINDS] ?? 0) <= (known[other] ?? 0)) continue;
        for (const conflict of CONFLICTS[kind] ?? [])
          if ((times[other * KINDS + conflict] ?? 0) > (known[other] ?? 0)) return other;
      }
    const time = known[thread] ?? 0;
    if (times?.[thread * KINDS + kind] === time) return -1;
    if (times === undefined && !this.#accessedAt.includes(at)) this.#accessedAt.push(at);
    const changed = times === undefined ? new ArrayClass<number>(KINDS * this.#threads).fill(0) : [...times];
    changed[thread * KINDS] = time;
    changed[thread * KINDS + kind] = time;
    this.#log.set(this.#accesses, at, changed);
    return -1;
  }

  #firstSeen(thread: number, at: number): number {
    const known = this.#clock(thread);
    const stores = this.#stores[at] ?? [];
    const ordered = stores.findLastIndex(
      (stored) => stored.thread === thread || stored.time <= (known[stored.thread] ?? 0),
    );
    return max(ordered, this.#seen[at * this.#threads + thread] ?? 0);
  }

  #clock(thread: number): Clock {
    const clock = this.#clocks[thread];
    if (clock === undefined) throw new Error(`There is no thread ${thread}`);
    return clock;
  }
}

/** Adds what of a clock not all know to a key. */
export function addNews(key: StateKey, clock: Clock, known: Clock): void {
  const start = key.length;
  key.add(0);
  let threads = 0;
  for (let thread = 0; thread < clock.length; thread++) {
    const time = clock[thread] ?? 0;
    if (time <= (known[thread] ?? 0)) continue;
    threads |= 1 << thread;
    key.add(time);
  }
  key.replace(start, threads);
}

function hasNews(clock: Clock, known: Clock): boolean {
  for (let thread = 0; thread < clock.length; thread++) if ((clock[thread] ?? 0) > (known[thread] ?? 0)) return true;
  return false;
}
