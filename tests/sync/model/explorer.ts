/**
 * Runs code that shares memory through every interleaving of its atomic operations.
 *
 * A simulated thread is a synchronous function that touches shared memory by `Atomics`, which is replaced while it runs, by
 * the views of `SharedViews`, and by ports of the model. Its local state follows from what its operations answered: so the
 * function is run again from its beginning, is given the answers it had, and is stopped at the first operation beyond. That
 * operation is then done on the model's memory. Each list of answers is replayed once; the search over all interleavings
 * only combines them.
 *
 * Plain accesses are not interleaved: each is done at once, and it is a failure if one is not ordered, by atomic operations
 * or messages, against what another thread does to the same word (`happens-before.ts`). Where no interleaving has such a
 * data race none can tell when plain accesses are done. A plain load that is meant to race is declared by `allowLooks`: it
 * is interleaved, and answers any value that the word had since what the thread is known to have seen.
 *
 * The search takes an operation at once, without trying the others first, where no other thread could tell: where it reads
 * a word that no other thread writes, or writes one that no other thread uses. Which words those are is not declared: the
 * search begins with the belief that there are no others, and begins again whenever it sees that one was wrong.
 *
 * A thread dies right after it has moved, or was woken, and not later: nothing that others do meanwhile depends on whether
 * it has died, but for what its death makes possible, which comes after it either way.
 *
 * Where only one thing can happen next, the search does it and does not ask whether it has been there: it would come to no
 * other end, and making the key of a state costs more than a few operations.
 */

import { addNews, HappensBefore, type Log } from './happens-before.ts';
import { SharedViews } from './shared-views.ts';
import { StateKey, StateSet } from './state-set.ts';

type AtomicKind =
  | 'load'
  | 'store'
  | 'add'
  | 'sub'
  | 'and'
  | 'or'
  | 'exchange'
  | 'compareExchange'
  | 'wait'
  | 'waitAsync'
  | 'notify';
type PlainKind = 'read' | 'write' | 'look';
/** What a model adds: a choice, an event loop with nothing to do, a wait for a word, a wait for a thread's end, messages. */
type ModelKind = 'choose' | 'park' | 'when' | 'ended' | 'post' | 'receive' | 'hear';

interface Operation {
  readonly kind: AtomicKind | PlainKind | ModelKind;
  /** The address; -1 where there is none. */
  readonly at: number;
  readonly a: number;
  readonly b: number;
}

/** A point in a simulated thread's run: what it did so far, and what it does next. */
interface Point {
  readonly id: number;
  readonly part: number;
  readonly before: Point | undefined;
  readonly answer: number;
  readonly next: Operation | undefined;
  /** Once the function has returned or thrown. */
  readonly end: { readonly value?: unknown; readonly error?: unknown } | undefined;
  readonly after: Map<number, Point>;
  /** Whether the code looks at the answer: where it does not, all answers lead to the same point. */
  isAnswerUsed: boolean;
}

type Change =
  | { readonly at: number; readonly value: number }
  | { readonly table: unknown[]; readonly index: number; readonly before: unknown }
  | ({ readonly thread: Thread } & Pick<Thread, 'point' | 'state' | 'armedAt' | 'isNotified' | 'mayDieNow'>);

/** What a thread runs; of several parts each begins anew, whatever the one before did to come to its end. */
type Part = () => unknown;

interface Thread {
  readonly name: string;
  readonly index: number;
  readonly bit: number;
  readonly parts: readonly Part[];
  /** By what was returned: threads that have ended alike are alike. */
  readonly starts: Point[];
  readonly ends: Map<unknown, Point>;
  readonly mayDie: boolean;
  point: Point;
  state: State;
  /** An asynchronous wait of its event loop: the address, -1 where there is none. */
  armedAt: number;
  isNotified: boolean;
  /** Whether it has moved, or was woken, since its death was last tried. */
  mayDieNow: boolean;
}

/** What a thread did, for the message of a failure. */
interface Step {
  readonly thread: Thread;
  readonly operation: Operation | undefined;
  readonly answer: number | 'blocks' | 'dies';
}

const State = { READY: 0, BLOCKED: 1, DEAD: 2 } as const;
type State = (typeof State)[keyof typeof State];

const OK = 1;
const NOT_EQUAL = 2;
const TIMED_OUT = 3;
const WAIT_ANSWERS = ['', 'ok', 'not-equal', 'timed-out'] as const;

/** Operations whose answers are told apart only where the code looks at them. */
const LAZY: ReadonlySet<string> = new Set(['store', 'add', 'sub', 'notify']);

/** Operations that neither block nor wake, and have one answer. */
const SIMPLE: ReadonlySet<string> = new Set([
  ...['load', 'store', 'add', 'sub', 'and', 'or', 'exchange', 'compareExchange'],
]);

/** Where only one thing can happen, one state of so many is remembered: a power of 2. */
const REMEMBERED = 32;

const MOST_STATES = 3_000_000;
/** Of one thread. */
const MOST_OPERATIONS = 4000;

/** A port's messages are numbered: the lower bits of what `hear` answers; the port's number is above. */
const MESSAGE_BITS = 16;
// What an event loop waits for besides
const ANY_TIME = 2;
const LAST = 4;
const WATCHED_SHIFT = 3;
// What `hear` answers besides
const IMMEDIATE = -1;
const TIMER = -2;
const ENDED = -3;

/** A one-way channel of messages between simulated threads. */
export interface Port {
  readonly name: string;
  readonly number: number;
  readonly at: number;
}

interface QueuedMessage {
  readonly message: number;
  readonly clock: readonly number[];
}

/** What an event loop may wait for. */
interface EventSources {
  readonly ports: readonly Port[];
  readonly hasImmediate?: boolean;
  /** A timer that may come at any moment, or once nothing else can happen anywhere. */
  readonly timer?: 'any time' | 'last' | undefined;
  /** The number of a thread whose end is told. */
  readonly watched?: number | undefined;
}

export type LoopEvent =
  | { readonly kind: 'message'; readonly port: Port; readonly message: unknown }
  | { readonly kind: 'immediate' | 'timer' | 'ended' };

/** Thrown through the code under test at the first operation that has no answer yet. Made once: a stack costs. */
const STOP = new Error('The simulated thread is stopped here');
const WRONG_BELIEF = new Error('Another thread can tell after all');

/** What the threads of one run came to. */
export interface StopCause {
  /** What each thread returned; those that died are missing. */
  readonly returned: ReadonlyMap<string, unknown>;
  /** The memory, word by word. */
  word(words: Int32Array, index: number): number;
}

export interface Exploration {
  readonly operations: number;
  /** In which something else could have happened, too. */
  readonly states: number;
  readonly endings: number;
}

interface ExploreOptions {
  readonly threads: Readonly<Record<string, Part | readonly Part[]>>;
  /** Threads that may die, wherever V8 may terminate one: before any call, of `Atomics` too, and while they block. */
  readonly mayDie?: readonly string[];
  /** Whether plain accesses are checked for data races. Default: true. */
  readonly checksRaces?: boolean;
  /** Throws where a run that came to its end did not come to the right one. */
  readonly check: (ending: StopCause) => void;
  /** How often a thread is interrupted that could go on, at most. Default: no limit. */
  readonly preemptions?: number;
}

/** The point that a replay has come to, and what it was answered there. */
interface Reached extends Pick<Point, 'part' | 'before' | 'answer'> {
  readonly thread: Thread;
}

// a global of the test environment is looked up anew, slowly, at each use
const UNLIMITED = Number.POSITIVE_INFINITY;
const { Error: ErrorClass, Map: MapClass } = globalThis;
const platformAtomics = globalThis.Atomics;
/** Of the model whose thread runs. */
let simulatedAtomics: typeof Atomics | undefined;
// set once: the test environment keeps for good what it is given by each such store
globalThis.Atomics = Object.fromEntries(
  Object.getOwnPropertyNames(platformAtomics).map((name) => [
    name,
    (...given: unknown[]): unknown => {
      const atomics = (simulatedAtomics ?? platformAtomics) as unknown as Record<
        string,
        (...given: unknown[]) => unknown
      >;
      return atomics[name]?.(...given);
    },
  ]),
) as unknown as typeof Atomics;

export class Model {
  readonly #bases = new Map<ArrayBufferLike, { readonly name: string; readonly base: number }>();
  readonly #initial: number[] = [];
  /** Called before a thread runs: gives it what it has for itself. */
  readonly #enter: (thread: number) => void;

  #memory: number[] = [];
  #threads: Thread[] = [];
  #points = 0;
  /** By address: the threads that used it, and those that changed it. */
  #usedBy: number[] = [];
  #changedBy: number[] = [];
  #changed: number[] = [];
  readonly #seen = new StateSet();
  readonly #key = new StateKey();
  /** The threads that have not ended, of the state whose key is made. */
  readonly #living: number[] = [];
  #endings = 0;
  #operations = 0;
  readonly #trace: Step[] = [];
  readonly #undo: Change[] = [];
  readonly #log: Log = { set: (table, index, value) => this.#set(table, index, value) };
  #order: HappensBefore | undefined;

  /** Views of the memory of the model, for code under test. */
  readonly views = new SharedViews((buffer) => this.#bases.get(buffer)?.base, {
    read: (at) => this.#operate({ kind: this.#looks.has(at) ? 'look' : 'read', at, a: 0, b: 0 }),
    write: (at, value, mask) => void this.#operate({ kind: 'write', at, a: value, b: mask }),
  });
  readonly #looks = new Set<number>();
  readonly #ports: Port[] = [];
  #queues: (readonly QueuedMessage[])[] = [];
  readonly #messages: unknown[] = [];
  readonly #messageNumbers = new Map<string, number>();

  // of the replay that runs
  #answers: number[] = [];
  #position = 0;
  /** Which answers the code has looked at. */
  readonly #usedAnswers = new Set<number>();
  #stoppedAt: Operation | undefined;
  /** The point that it has come to, and the answer there. */
  #reached: Reached | undefined;
  /** Whether the model's memory is as it is at the end of the replay. */
  #isLive = false;
  /** The thread that comes next, too, whatever it has done. */
  #goesOn: Thread | undefined;
  /** What went wrong in an operation: thrown once the code under test has been left. */
  #fault: { readonly error: unknown } | undefined;
  #clockMs = 0;
  readonly #immediates: (() => void)[] = [];
  #heard: (() => void) | undefined;

  constructor(enter: (thread: number) => void) {
    this.#enter = enter;
  }

  /** Makes memory known, with what it holds now. */
  share(name: string, words: Int32Array): Int32Array {
    this.#bases.set(words.buffer, { name, base: this.#initial.length });
    this.#initial.push(...words);
    return words;
  }

  /** Plain loads of that word may race with atomic stores. */
  allowLooks(words: Int32Array, index: number): void {
    this.#looks.add(this.#address(words, index));
  }

  makePort(name: string): Port {
    const port = { name, number: this.#ports.length, at: this.#initial.length };
    this.#bases.set(new ArrayBuffer(0), { name, base: port.at });
    this.#initial.push(0);
    this.#ports.push(port);
    return port;
  }

  post(port: Port, message: unknown): void {
    this.#operate({ kind: 'post', at: port.at, a: this.#numberOf(message), b: port.number });
  }

  /** As `receiveMessageOnPort`. */
  receive(port: Port): { readonly message: unknown } | undefined {
    const number = this.#operate({ kind: 'receive', at: port.at, a: 0, b: port.number });
    return number === 0 ? undefined : { message: structuredClone(this.#messages[number]) };
  }

  /** Waits, as an event loop does, for the next event: each that may come is tried. */
  hear({ ports, hasImmediate = false, timer, watched }: EventSources): LoopEvent {
    const mask = ports.reduce((all, { number }) => all | (1 << number), 0);
    const others =
      (hasImmediate ? 1 : 0) |
      (timer === 'any time' ? ANY_TIME : timer === 'last' ? LAST : 0) |
      (((watched ?? -1) + 1) << WATCHED_SHIFT);
    const answer = this.#operate({ kind: 'hear', at: -1, a: mask, b: others });
    if (answer === IMMEDIATE) return { kind: 'immediate' };
    if (answer === TIMER) return { kind: 'timer' };
    if (answer === ENDED) return { kind: 'ended' };
    const message: unknown = structuredClone(this.#messages[answer & ((1 << MESSAGE_BITS) - 1)]);
    return { kind: 'message', port: this.#port(answer >> MESSAGE_BITS), message };
  }

  /** Ms on the running thread's clock: they pass while it waits, and in no other way. */
  readonly now = (): number => this.#clockMs;

  /** `setImmediate` of the running thread. */
  readonly setImmediate = (fn: () => void): void => {
    this.#immediates.push(fn);
  };

  /** One of 0 to `count` - 1: all are tried. */
  choose(count: number): number {
    return this.#operate({ kind: 'choose', at: -1, a: count, b: 0 });
  }

  /** Blocks until a word holds a value, without taking part in any protocol. */
  when(words: Int32Array, index: number, value: number): void {
    this.#operate({ kind: 'when', at: this.#address(words, index), a: value, b: 0 });
  }

  /** Blocks until the thread has ended: whether it died. */
  ended(thread: number): boolean {
    return this.#operate({ kind: 'ended', at: -1, a: thread, b: 0 }) === 1;
  }

  /** Turns the running thread's event loop once it has something to do, until `isDone`. */
  turnUntil(isDone: () => boolean): void {
    while (!isDone()) {
      const immediate = this.#immediates.shift();
      if (immediate !== undefined) {
        immediate();
        continue;
      }
      this.#operate({ kind: 'park', at: -1, a: 0, b: 0 });
      this.#heard?.();
    }
  }

  /** Goes through all interleavings. Throws at the first that is wrong, with what was done in it. */
  explore(options: ExploreOptions): Exploration {
    this.#usedBy = this.#initial.map(() => 0);
    this.#changedBy = this.#initial.map(() => 0);
    this.#changed = [];
    this.#threads = Object.entries(options.threads).map(([name, run], index) => ({
      name,
      index,
      bit: 1 << index,
      parts: typeof run === 'function' ? [run] : run,
      starts: [],
      ends: new Map(),
      mayDie: options.mayDie?.includes(name) ?? false,
      point: undefined as unknown as Point,
      state: State.READY,
      armedAt: -1,
      isNotified: false,
      mayDieNow: true,
    }));
    const starts = this.#threads.map((thread) => this.#start(thread, 0));
    for (;;) {
      this.#memory = [...this.#initial];
      this.#seen.clear();
      this.#endings = 0;
      this.#operations = 0;
      this.#goesOn = undefined;
      this.#trace.length = 0;
      this.#undo.length = 0;
      this.#queues = this.#ports.map(() => []);
      const checksRaces = this.views.areUsed && (options.checksRaces ?? true);
      this.#order = checksRaces ? new HappensBefore(this.#threads.length, this.#initial.length, this.#log) : undefined;
      for (const at of this.#looks) this.#order?.allowLooks(at, this.#memory[at] ?? 0);
      for (const [index, thread] of this.#threads.entries())
        Object.assign(thread, {
          ...{ point: starts[index], state: State.READY },
          ...{ armedAt: -1, isNotified: false, mayDieNow: true },
        });
      try {
        this.#search(options, -1, options.preemptions ?? UNLIMITED);
        const states = this.#seen.size;
        this.#seen.clear();
        this.#threads = []; // with all the points of their runs
        return { operations: this.#operations, states, endings: this.#endings };
      } catch (error) {
        if (error !== WRONG_BELIEF) throw error;
      }
    }
  }

  #search(options: ExploreOptions, last: number, preemptions: number): void {
    const mark = this.#undo.length;
    const depth = this.#trace.length;
    let running = last;
    for (;;) {
      const alone = this.#runUnseen();
      this.#tryDeaths(options, running, preemptions);
      const only = alone < 0 ? this.#onlyNext(running, preemptions) : undefined;
      if (only === undefined) {
        this.#branch(options, { alone, last: running, preemptions });
        break;
      }
      running = only.index;
      this.#perform(only, 0, preemptions);
    }
    this.#rollBack(mark, depth);
  }

  /** Does what no other thread can tell. Answers the thread that comes next, where it is one: it may die there. */
  #runUnseen(): number {
    for (;;) {
      const thread = this.#unseenThread();
      if (thread === undefined) return -1;
      if (!isPlain(thread.point.next) && (this.#canDie(thread) || thread.point.next?.kind === 'choose'))
        return thread.index;
      this.#perform(thread, 0);
    }
  }

  #unseenThread(): Thread | undefined {
    for (const thread of this.#threads) if (this.#isUnseen(thread)) return thread;
    return undefined;
  }

  #tryDeaths(options: ExploreOptions, last: number, preemptions: number): void {
    for (const thread of this.#threads) {
      if (!thread.mayDieNow || !this.#canDie(thread)) continue;
      const mark = this.#undo.length;
      const depth = this.#trace.length;
      this.#change(thread, thread.point, State.DEAD);
      this.#trace.push({ thread, operation: thread.point.next, answer: 'dies' });
      this.#search(options, last, preemptions);
      this.#rollBack(mark, depth);
      this.#save(thread);
      thread.mayDieNow = false;
    }
  }

  /** The thread that comes next, if nothing else can happen. */
  #onlyNext(last: number, preemptions: number): Thread | undefined {
    const running = this.#threads[last];
    let only: Thread | undefined;
    if (preemptions === 0 && running !== undefined && this.#wouldGoOn(running)) only = running;
    else
      for (const thread of this.#threads) {
        if (thread.point.end?.error !== undefined) return undefined;
        if (!this.#canGoOn(thread)) continue;
        if (only !== undefined) return undefined;
        only = thread;
      }
    return only === undefined || only.point.id % REMEMBERED === 0 || this.#choicesOf(only) > 1 ? undefined : only;
  }

  #branch(options: ExploreOptions, from: { alone: number; last: number; preemptions: number }): void {
    const { alone, last, preemptions } = from;
    if (!this.#seen.add(this.#setKey(last, preemptions))) return;
    if (this.#seen.size > MOST_STATES) throw new Error(`More than ${MOST_STATES} states`);
    const isInterrupting = alone < 0 && last >= 0 && this.#wouldGoOn(this.#thread(last));
    const mark = this.#undo.length;
    const depth = this.#trace.length;
    let isAnyReady = false;
    for (const [index, thread] of this.#threads.entries()) {
      if (thread.point.end?.error !== undefined)
        throw this.#failure(`Thread ${thread.name} threw`, thread.point.end.error);
      if (alone >= 0 && index !== alone) continue;
      if (!this.#canGoOn(thread)) continue;
      isAnyReady = true;
      const left = isInterrupting && index !== last ? preemptions - 1 : preemptions;
      const choices = this.#choicesOf(thread);
      for (let choice = 0; choice < choices && left >= 0; choice++) {
        this.#perform(thread, choice, alone < 0 ? left : UNLIMITED);
        this.#search(options, alone < 0 ? index : last, left);
        this.#rollBack(mark, depth);
      }
    }
    if (!isAnyReady) this.#finish(options);
  }

  #finish(options: ExploreOptions): void {
    const stuck = this.#threads.filter(({ point, state }) => state !== State.DEAD && point.end === undefined);
    if (stuck.length > 0)
      throw this.#failure(
        `Nobody can go on: ${stuck.map(({ name, point }) => `${name} at ${this.#text(point.next)}`).join(', ')}`,
      );
    this.#endings++;
    const alive = this.#threads.filter(({ state }) => state !== State.DEAD);
    try {
      options.check({
        returned: new Map(alive.map(({ name, point }) => [name, point.end?.value])),
        word: (words, index) => this.#memory[this.#address(words, index)] ?? 0,
      });
    } catch (error) {
      throw this.#failure('The end is wrong', error);
    }
  }

  /** Does the thread's next operation, and more if others may not interrupt it: `preemptions` are left. */
  #perform(thread: Thread, choice: number, preemptions = UNLIMITED): void {
    const { next } = thread.point;
    if (next === undefined) return;
    const { kind, at, a } = next;
    this.#operations++;
    if (kind === 'wait' && thread.state === State.READY && this.#memory[at] === a) {
      this.#note(at, thread.bit, false);
      this.#order?.acquire(thread.index, at);
      this.#change(thread, thread.point, State.BLOCKED);
      this.#trace.push({ thread, operation: next, answer: 'blocks' });
      return;
    }
    const answer = this.#answer(thread, next, choice);
    this.#trace.push({ thread, operation: next, answer });
    // one that was woken, and itself, might die before
    this.#goesOn = preemptions === 0 && kind !== 'notify' && !thread.mayDie ? thread : undefined;
    const after = this.#after(thread, answer);
    this.#goesOn = undefined;
    this.#change(thread, after, State.READY);
  }

  #choicesOf(thread: Thread): number {
    const { next } = thread.point;
    switch (next?.kind) {
      case 'choose':
        return next.a;
      case 'look':
        return this.#order?.seenBy(thread.index, next.at).length ?? 1;
      case 'hear':
        return this.#eventsFor(thread).length;
      default:
        return 1;
    }
  }

  /** What an event loop may go on with, as `hear` answers it. */
  #eventsFor(thread: Thread): number[] {
    const events = this.#untimedEventsFor(thread);
    const others = thread.point.next?.b ?? 0;
    if ((others & ANY_TIME) !== 0) events.push(TIMER);
    else if ((others & LAST) !== 0 && events.length === 0 && !this.#canAnyGoOnBut(thread)) events.push(TIMER);
    return events;
  }

  /** Whether another thread can go on before time passes. */
  #canAnyGoOnBut(thread: Thread): boolean {
    return this.#threads.some(
      (other) =>
        other !== thread &&
        (other.point.next?.kind === 'hear' ? this.#untimedEventsFor(other).length > 0 : this.#canGoOn(other)),
    );
  }

  #untimedEventsFor({ point, state }: Thread): number[] {
    const events: number[] = [];
    if (point.next === undefined || state === State.DEAD) return events;
    const { a: ports, b: others } = point.next;
    for (const { number } of this.#ports) {
      const [first] = (ports & (1 << number)) === 0 ? [] : this.#queue(number);
      if (first !== undefined) events.push((number << MESSAGE_BITS) | first.message);
    }
    if ((others & 1) !== 0) events.push(IMMEDIATE);
    if (others >> WATCHED_SHIFT > 0 && this.#hasEnded((others >> WATCHED_SHIFT) - 1)) events.push(ENDED);
    return events;
  }

  #hear(thread: Thread, others: number, choice: number): number {
    const event = this.#eventsFor(thread)[choice] ?? IMMEDIATE;
    if (event >= 0) this.#take(thread, event >> MESSAGE_BITS);
    else if (event === ENDED) this.#order?.join(thread.index, (others >> WATCHED_SHIFT) - 1);
    return event;
  }

  /** The number of the next message, which is taken from its port; 0 where there is none. */
  #take(thread: Thread, port: number): number {
    const [first, ...others] = this.#queue(port);
    if (first === undefined) return 0;
    this.#set(this.#queues, port, others);
    this.#order?.learn(thread.index, first.clock);
    return first.message;
  }

  #post(thread: Thread, port: number, message: number): void {
    const clock = this.#order?.publish(thread.index) ?? [];
    this.#set(this.#queues, port, [...this.#queue(port), { message, clock }]);
  }

  #answer(thread: Thread, { kind, at, a, b }: Operation, choice: number): number {
    const old = this.#memory[at] ?? 0;
    switch (kind) {
      case 'load':
        this.#note(at, thread.bit, false);
        this.#acquire(thread, at);
        return old;
      case 'when':
        this.#note(at, thread.bit, false);
        return old;
      case 'read':
        this.#checkRace(this.#order?.read(thread.index, at), at, 'read', thread);
        return old;
      case 'write':
        this.#checkRace(this.#order?.write(thread.index, at), at, 'written', thread);
        this.#writePlainly(at, (old & ~b) | (a & b));
        return 0;
      case 'look':
        this.#note(at, thread.bit, false);
        return this.#order?.look(thread.index, at, choice) ?? old;
      case 'store':
        return this.#write(thread, at, a, a, false);
      case 'add':
        return this.#write(thread, at, (old + a) | 0, old);
      case 'sub':
        return this.#write(thread, at, (old - a) | 0, old);
      case 'and':
        return this.#write(thread, at, old & a, old);
      case 'or':
        return this.#write(thread, at, old | a, old);
      case 'exchange':
        return this.#write(thread, at, a, old);
      case 'compareExchange':
        if (old === a) return this.#write(thread, at, b, old);
        this.#note(at, thread.bit, false);
        this.#acquire(thread, at);
        return old;
      case 'wait':
        this.#note(at, thread.bit, false);
        this.#acquire(thread, at);
        return thread.state === State.BLOCKED ? TIMED_OUT : NOT_EQUAL;
      case 'waitAsync':
        this.#note(at, thread.bit, false);
        this.#acquire(thread, at);
        if (old !== a) return NOT_EQUAL;
        this.#arm(thread, at, false);
        return OK;
      case 'notify':
        this.#note(at, thread.bit, true);
        return this.#wake(thread, at);
      case 'choose':
        return choice;
      case 'park':
        this.#arm(thread, -1, false);
        return OK;
      case 'ended':
        this.#order?.join(thread.index, a);
        return this.#thread(a).state === State.DEAD ? 1 : 0;
      case 'post':
        this.#note(at, thread.bit, true);
        this.#post(thread, b, a);
        return 0;
      case 'receive':
        this.#note(at, thread.bit, true);
        return this.#take(thread, b);
      case 'hear':
        return this.#hear(thread, b, choice);
    }
  }

  #wake(by: Thread, at: number): number {
    let woken = 0;
    const clock = this.#order?.publish(by.index) ?? [];
    for (const thread of this.#threads) {
      if (thread.state === State.BLOCKED && thread.point.next?.at === at) {
        this.#order?.learn(thread.index, clock);
        this.#change(thread, this.#after(thread, OK), State.READY);
        woken++;
      }
      if (thread.armedAt === at && !thread.isNotified) {
        this.#arm(thread, at, true);
        woken++;
      }
    }
    return woken;
  }

  #write(thread: Thread, at: number, value: number, answer: number, isReadToo = true): number {
    const old = this.#memory[at] ?? 0;
    this.#note(at, thread.bit, old !== value);
    if (this.#order !== undefined) {
      this.#checkRace(this.#order.touch(thread.index, at, true), at, 'written atomically', thread);
      if (isReadToo) this.#order.acquire(thread.index, at);
      this.#order.release(thread.index, at, value);
    }
    this.#writeWord(at, value);
    return answer;
  }

  #acquire(thread: Thread, at: number): void {
    if (this.#order === undefined) return;
    this.#checkRace(this.#order.touch(thread.index, at, false), at, 'read atomically', thread);
    this.#order.acquire(thread.index, at);
  }

  #writePlainly(at: number, value: number): void {
    if (this.#memory[at] !== value && !this.#changed.includes(at)) this.#changed.push(at);
    this.#writeWord(at, value);
  }

  #writeWord(at: number, value: number): void {
    const old = this.#memory[at] ?? 0;
    if (old === value) return;
    this.#undo.push({ at, value: old });
    this.#memory[at] = value;
  }

  #checkRace(other: number | undefined, at: number, what: string, thread: Thread): void {
    if (other === undefined || other < 0) return;
    throw this.#failure(
      `Data race: ${this.#place(at)}is ${what} by ${thread.name}, unordered with ${this.#thread(other).name}`,
    );
  }

  #set(table: unknown[], index: number, value: unknown): void {
    this.#undo.push({ table, index, before: table[index] });
    table[index] = value;
  }

  #queue(port: number): readonly QueuedMessage[] {
    return this.#queues[port] ?? [];
  }

  #port(number: number): Port {
    const port = this.#ports[number];
    if (port === undefined) throw new Error(`There is no port ${number}`);
    return port;
  }

  /** Messages that are alike have one number, from 1. */
  #numberOf(message: unknown): number {
    const text = JSON.stringify(message);
    const known = this.#messageNumbers.get(text);
    if (known !== undefined) return known;
    const number = this.#messageNumbers.size + 1;
    this.#messageNumbers.set(text, number);
    this.#messages[number] = structuredClone(message);
    return number;
  }

  #change(thread: Thread, point: Point, state: State): void {
    this.#save(thread);
    thread.point = point;
    thread.state = state;
    thread.mayDieNow = true;
  }

  #arm(thread: Thread, armedAt: number, isNotified: boolean): void {
    this.#save(thread);
    thread.armedAt = armedAt;
    thread.isNotified = isNotified;
  }

  #save(thread: Thread): void {
    const { point, state, armedAt, isNotified, mayDieNow } = thread;
    this.#undo.push({ thread, point, state, armedAt, isNotified, mayDieNow });
  }

  #rollBack(mark: number, depth: number): void {
    this.#trace.length = depth;
    while (this.#undo.length > mark) {
      const change = this.#undo.pop();
      if (change === undefined) return;
      if ('at' in change) {
        this.#memory[change.at] = change.value;
        continue;
      }
      if ('table' in change) {
        change.table[change.index] = change.before;
        continue;
      }
      const { thread, point, state, armedAt, isNotified, mayDieNow } = change;
      thread.point = point;
      thread.state = state;
      thread.armedAt = armedAt;
      thread.isNotified = isNotified;
      thread.mayDieNow = mayDieNow;
    }
  }

  /** Remembers who uses what. What is new makes the search begin again. */
  #note(at: number, bit: number, isChange: boolean): void {
    const used = this.#usedBy[at] ?? 0;
    const changed = this.#changedBy[at] ?? 0;
    const isNew = (used & bit) === 0 || (isChange && (changed & bit) === 0);
    if (!isNew) return;
    this.#usedBy[at] = used | bit;
    if (isChange) this.#changedBy[at] = changed | bit;
    if (isChange && changed === 0) this.#changed.push(at);
    throw WRONG_BELIEF;
  }

  /** Whether no other thread can tell when the thread's next operation is done. */
  #isUnseen({ bit, point, state }: Thread): boolean {
    const { next } = point;
    if (next === undefined || state !== State.READY) return false;
    const { kind, at, a } = next;
    if (kind === 'choose' || isPlain(next)) return true;
    if (at < 0 || kind === 'when' || kind === 'wait') return false;
    const isRead = kind === 'load' || kind === 'look' || (kind === 'compareExchange' && this.#memory[at] !== a);
    return (((isRead ? this.#changedBy[at] : this.#usedBy[at]) ?? 0) & ~bit) === 0;
  }

  #canGoOn(thread: Thread): boolean {
    const { next } = thread.point;
    if (next === undefined || thread.state === State.DEAD) return false;
    if (thread.state === State.BLOCKED) return next.b >= 0; // its time may pass
    if (next.kind === 'when') {
      this.#note(next.at, thread.bit, false);
      return this.#memory[next.at] === next.a;
    }
    if (next.kind === 'park') return thread.isNotified;
    if (next.kind === 'hear') {
      for (const { number, at } of this.#ports) if ((next.a & (1 << number)) !== 0) this.#note(at, thread.bit, true);
      return this.#eventsFor(thread).length > 0;
    }
    return next.kind !== 'ended' || this.#hasEnded(next.a);
  }

  /** Whether it is more than the passing of time that it goes on with. */
  #wouldGoOn(thread: Thread): boolean {
    if (thread.point.next?.kind === 'hear') return this.#untimedEventsFor(thread).length > 0;
    return this.#canGoOn(thread);
  }

  #hasEnded(thread: number): boolean {
    const { state, point } = this.#thread(thread);
    return state === State.DEAD || point.end !== undefined;
  }

  #canDie({ mayDie, state, point }: Thread): boolean {
    if (!mayDie || state === State.DEAD || point.next === undefined) return false;
    const { kind } = point.next;
    return !isPlain(point.next) && kind !== 'choose' && kind !== 'when';
  }

  /** All that the future depends on. */
  #setKey(last: number, preemptions: number): StateKey {
    const key = this.#key;
    key.clear();
    for (const { point, state, armedAt, isNotified } of this.#threads) {
      key.add(point.id);
      key.add(isNotified ? state * 2 + 1 : state * 2);
      key.add(armedAt);
    }
    key.add(this.#changed.length);
    for (const at of this.#changed) key.add(this.#memory[at] ?? 0);
    if (preemptions < UNLIMITED) {
      key.add(last);
      key.add(preemptions);
    }
    if (this.#order !== undefined) this.#addOrder(key, this.#order);
    return key;
  }

  #addOrder(key: StateKey, order: HappensBefore): void {
    const living = this.#living;
    living.length = 0;
    for (const { index, state, point } of this.#threads)
      if (state !== State.DEAD && point.end === undefined) living.push(index);
    const known = order.knownToAll(living);
    for (const queue of this.#queues) {
      key.add(queue.length);
      for (const { message, clock } of queue) {
        key.add(message);
        addNews(key, clock, known);
      }
    }
    order.addTo(key, living, known);
  }

  #after(thread: Thread, answer: number): Point {
    const { point } = thread;
    return (
      point.after.get(point.isAnswerUsed ? answer : 0) ??
      this.#replay(thread, { part: point.part, before: point, answer }, true)
    );
  }

  /** The point itself; at the end of a part, the beginning of the next. */
  #follow(thread: Thread, point: Point): Point {
    if (point.end === undefined || point.end.error !== undefined) return point;
    if (point.part + 1 < thread.parts.length) return this.#start(thread, point.part + 1);
    const { value } = point.end;
    const known = thread.ends.get(value) ?? point;
    thread.ends.set(value, known);
    return known;
  }

  #start(thread: Thread, part: number): Point {
    const known = thread.starts[part];
    if (known !== undefined) return known;
    const start = this.#replay(thread, { part, before: undefined, answer: 0 }, false);
    thread.starts[part] = start;
    return start;
  }

  /** Runs a thread from its beginning to the operation after the one that got `answer`. */
  #replay(thread: Thread, from: Pick<Point, 'part' | 'before' | 'answer'>, isLive: boolean): Point {
    const { part, before, answer } = from;
    const answers: number[] = [];
    if (before !== undefined) answers.push(answer);
    for (let point = before; point !== undefined && point.before !== undefined; point = point.before)
      answers.push(point.answer);
    this.#answers = answers.reverse();
    this.#position = 0;
    this.#usedAnswers.clear();
    this.#stoppedAt = undefined;
    this.#reached = { thread, part, before, answer };
    this.#isLive = isLive;
    this.#fault = undefined;
    this.#clockMs = 0;
    this.#immediates.length = 0;
    this.#heard = undefined;
    let end: Point['end'];
    const { stackTraceLimit } = ErrorClass;
    this.#enter(thread.index);
    simulatedAtomics = this.#atomics;
    ErrorClass.stackTraceLimit = 0; // code that is stopped makes errors of it
    try {
      end = { value: thread.parts[part]?.() };
    } catch (error) {
      end = { error };
    } finally {
      simulatedAtomics = undefined;
      ErrorClass.stackTraceLimit = stackTraceLimit;
    }
    const { fault, reached } = this.#outcome();
    if (fault !== undefined) throw fault.error;
    if (this.#stoppedAt !== undefined) end = undefined;
    return this.#reach(reached, this.#stoppedAt, end);
  }

  #outcome(): { readonly fault: { readonly error: unknown } | undefined; readonly reached: Reached } {
    return { fault: this.#fault, reached: this.#reached as Reached };
  }

  /** A new point, where the answer has led to. */
  #reach({ thread, part, before, answer }: Reached, next: Point['next'], end: Point['end']): Point {
    const made: Point = {
      id: this.#points++,
      part,
      before,
      answer,
      next,
      end,
      after: new MapClass(),
      isAnswerUsed: true,
    };
    if (before === undefined) return this.#follow(thread, made);
    before.isAnswerUsed = this.#usedAnswers.has(this.#answers.length - 1);
    const point = this.#follow(thread, made);
    before.after.set(before.isAnswerUsed ? answer : 0, point);
    return point;
  }

  /** An operation of the thread that runs: the answer it had, or the end of the replay. */
  #operate(operation: Operation): number {
    const answer = this.#stoppedAt === undefined ? this.#answers[this.#position] : undefined;
    this.#position++;
    if (answer === undefined) {
      if (this.#stoppedAt === undefined && this.#isLive && this.#isDoneAtOnce(operation)) return this.#goOn(operation);
      this.#stoppedAt ??= operation;
      throw STOP;
    }
    if (!LAZY.has(operation.kind)) this.#usedAnswers.add(this.#position - 1);
    return answer;
  }

  /** Whether nothing of another thread can come before it. */
  #isDoneAtOnce(operation: Operation): boolean {
    if (isPlain(operation)) return true;
    return (
      this.#goesOn !== undefined &&
      this.#goesOn === this.#reached?.thread &&
      SIMPLE.has(operation.kind) &&
      this.#points % REMEMBERED !== 0
    );
  }

  /** Does such an operation as the replay comes to it. */
  #goOn(operation: Operation): number {
    const { thread, part } = this.#reached as Reached;
    try {
      if (this.#position > MOST_OPERATIONS) throw this.#failure(`Thread ${thread.name} comes to no end`);
      const before = this.#reach(this.#reached as Reached, operation, undefined);
      const answer = this.#answer(thread, operation, 0);
      this.#trace.push({ thread, operation, answer });
      this.#answers.push(answer);
      this.#operations++;
      if (!LAZY.has(operation.kind)) this.#usedAnswers.add(this.#position - 1);
      this.#reached = { thread, part, before, answer };
      return answer;
    } catch (error) {
      this.#fault = { error };
      this.#stoppedAt = operation;
      throw STOP;
    }
  }

  /** An answer that most callers do not look at: a number that tells when somebody does. */
  #lazily(kind: AtomicKind, words: Int32Array, index: number, value = 0): unknown {
    const answer = this.#atomic(kind, words, index, value);
    const position = this.#position - 1;
    const look = (): number => {
      if (this.#position - 1 !== position) throw new Error('An answer was first looked at after another operation');
      this.#usedAnswers.add(position);
      return answer;
    };
    return { valueOf: look };
  }

  readonly #atomics = {
    load: (words: Int32Array, index: number) => this.#atomic('load', words, index),
    store: (words: Int32Array, index: number, value: number) => this.#lazily('store', words, index, value),
    add: (words: Int32Array, index: number, value: number) => this.#lazily('add', words, index, value),
    sub: (words: Int32Array, index: number, value: number) => this.#lazily('sub', words, index, value),
    and: (words: Int32Array, index: number, value: number) => this.#atomic('and', words, index, value),
    or: (words: Int32Array, index: number, value: number) => this.#atomic('or', words, index, value),
    exchange: (words: Int32Array, index: number, value: number) => this.#atomic('exchange', words, index, value),
    compareExchange: (words: Int32Array, index: number, expected: number, value: number) =>
      this.#atomic('compareExchange', words, index, expected, value),
    notify: (words: Int32Array, index: number) => this.#lazily('notify', words, index),
    wait: (words: Int32Array, index: number, expected: number, timeoutMs = UNLIMITED) => {
      const isTimed = timeoutMs < UNLIMITED;
      const answer = this.#atomic('wait', words, index, expected, isTimed ? timeoutMs : -1);
      if (answer === TIMED_OUT) this.#clockMs += timeoutMs;
      return WAIT_ANSWERS[answer];
    },
    waitAsync: (words: Int32Array, index: number, expected: number) => {
      const answer = this.#atomic('waitAsync', words, index, expected);
      if (answer !== OK) return { async: false, value: WAIT_ANSWERS[answer] };
      // what is called at the end of the wait, by the event loop of the thread
      const value = {
        // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
        then: (heard: () => void) => {
          this.#heard = heard;
        },
      };
      return { async: true, value };
    },
  } as unknown as typeof Atomics;

  #atomic(kind: AtomicKind, words: Int32Array, index: number, a = 0, b = 0): number {
    return this.#operate({ kind, at: this.#address(words, index), a, b });
  }

  #address(words: Int32Array, index: number): number {
    const memory = this.#bases.get(words.buffer);
    if (memory === undefined) throw new Error('A simulated thread used memory that the model does not know');
    return memory.base + index;
  }

  #thread(index: number): Thread {
    const thread = this.#threads[index];
    if (thread === undefined) throw new Error(`There is no thread ${index}`);
    return thread;
  }

  #failure(what: string, cause?: unknown): Error {
    const because = cause === undefined ? '' : `: ${(cause as Error).message}`;
    const steps = this.#trace.map(
      ({ thread, operation, answer }) => `\n  ${thread.name}: ${this.#text(operation)} → ${answer}`,
    );
    const error = new Error(`${what}${because}\nafter${steps.join('')}`);
    error.stack = error.message; // the search's own is of no use
    return error;
  }

  #text(operation: Operation | undefined): string {
    if (operation === undefined) return 'its end';
    const { kind, at, a, b } = operation;
    const what = kind === 'post' ? JSON.stringify(this.#messages[a]) : `${a} ${b}`;
    return `${kind} ${this.#place(at)}${what}`;
  }

  #place(at: number): string {
    let where = '';
    for (const { name, base } of this.#bases.values()) if (at >= base) where = `${name}[${at - base}] `;
    return where;
  }
}

function isPlain(operation: Operation | undefined): boolean {
  return operation?.kind === 'read' || operation?.kind === 'write';
}
