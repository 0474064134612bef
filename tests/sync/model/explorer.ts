/**
 * Runs code that shares memory through every interleaving of its atomic operations.
 *
 * A simulated thread is a synchronous function that touches shared memory by `Atomics` only, which is replaced while it
 * runs. Its local state follows from what its operations answered: so the function is run again from its beginning, is
 * given the answers it had, and is stopped at the first operation beyond. That operation is then done on the model's
 * memory. Each list of answers is replayed once; the search over all interleavings only combines them.
 *
 * The search takes an operation at once, without trying the others first, where no other thread could tell: where it reads
 * a word that no other thread writes, or writes one that no other thread uses. Which words those are is not declared: the
 * search begins with the belief that there are no others, and begins again whenever it sees that one was wrong.
 */

type AtomicKind = 'load' | 'store' | 'add' | 'sub' | 'exchange' | 'compareExchange' | 'wait' | 'waitAsync' | 'notify';
/** What a model adds: a choice, an event loop with nothing to do, a wait for a word, a wait for a thread's end. */
type ModelKind = 'choose' | 'park' | 'when' | 'ended';

interface Operation {
  readonly kind: AtomicKind | ModelKind;
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
  | ({ readonly thread: Thread } & Pick<Thread, 'point' | 'state' | 'armedAt' | 'isNotified'>);

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

const MOST_STATES = 3_000_000;

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
  readonly states: number;
  readonly endings: number;
}

interface ExploreOptions {
  readonly threads: Readonly<Record<string, Part | readonly Part[]>>;
  /** Threads that may die wherever the platform may end one: before they look at memory, and while they block. */
  readonly mayDie?: readonly string[];
  /** Throws where a run that came to its end did not come to the right one. */
  readonly check: (ending: StopCause) => void;
  /** How often a thread is interrupted that could go on, at most. Default: no limit. */
  readonly preemptions?: number;
}

const { fromCharCode } = String;
const platformAtomics = globalThis.Atomics;

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
  readonly #seen = new Set<string>();
  #endings = 0;
  readonly #trace: Step[] = [];
  readonly #undo: Change[] = [];

  // of the replay that runs
  #answers: readonly number[] = [];
  #position = 0;
  /** Which answers the code has looked at. */
  readonly #usedAnswers = new Set<number>();
  #stoppedAt: Operation | undefined;
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
    }));
    const starts = this.#threads.map((thread) => this.#start(thread, 0));
    for (;;) {
      this.#memory = [...this.#initial];
      this.#seen.clear();
      this.#endings = 0;
      this.#trace.length = 0;
      this.#undo.length = 0;
      for (const [index, thread] of this.#threads.entries())
        Object.assign(thread, { point: starts[index], state: State.READY, armedAt: -1, isNotified: false });
      try {
        this.#search(options, -1, options.preemptions ?? Number.POSITIVE_INFINITY);
        const states = this.#seen.size;
        this.#seen.clear();
        this.#threads = []; // with all the points of their runs
        return { states, endings: this.#endings };
      } catch (error) {
        if (error !== WRONG_BELIEF) throw error;
      }
    }
  }

  #search(options: ExploreOptions, last: number, preemptions: number): void {
    const mark = this.#undo.length;
    const depth = this.#trace.length;
    const alone = this.#runUnseen();
    this.#branch(options, { alone, last, preemptions });
    this.#rollBack(mark, depth);
  }

  /** Does what no other thread can tell. Answers the thread that comes next, where it is one: it may die there. */
  #runUnseen(): number {
    for (;;) {
      const unseen = this.#threads.findIndex((thread) => this.#isUnseen(thread));
      const thread = this.#threads[unseen];
      if (thread === undefined) return -1;
      if (this.#canDie(thread) || thread.point.next?.kind === 'choose') return unseen;
      this.#perform(thread, 0);
    }
  }

  #branch(options: ExploreOptions, from: { alone: number; last: number; preemptions: number }): void {
    const { alone, last, preemptions } = from;
    const key = this.#key() + (preemptions < Number.POSITIVE_INFINITY ? `/${last}/${preemptions}` : '');
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (this.#seen.size > MOST_STATES) throw new Error(`More than ${MOST_STATES} states`);
    const isInterrupting = alone < 0 && last >= 0 && this.#canGoOn(this.#thread(last));
    const mark = this.#undo.length;
    const depth = this.#trace.length;
    let isAnyReady = false;
    for (const [index, thread] of this.#threads.entries()) {
      if (thread.point.end?.error !== undefined)
        throw this.#failure(`Thread ${thread.name} threw`, thread.point.end.error);
      if (alone >= 0 && index !== alone) continue;
      if (this.#canGoOn(thread)) {
        isAnyReady = true;
        const left = isInterrupting && index !== last ? preemptions - 1 : preemptions;
        const choices = thread.point.next?.kind === 'choose' ? thread.point.next.a : 1;
        for (let choice = 0; choice < choices && left >= 0; choice++) {
          this.#perform(thread, choice);
          this.#search(options, alone < 0 ? index : last, left);
          this.#rollBack(mark, depth);
        }
      }
      if (this.#canDie(thread)) {
        this.#change(thread, thread.point, State.DEAD);
        this.#trace.push({ thread, operation: thread.point.next, answer: 'dies' });
        this.#search(options, last, preemptions);
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

  /** Does the thread's next operation. */
  #perform(thread: Thread, choice: number): void {
    const { next } = thread.point;
    if (next === undefined) return;
    const { kind, at, a } = next;
    if (kind === 'wait' && thread.state === State.READY && this.#memory[at] === a) {
      this.#note(at, thread.bit, false);
      this.#change(thread, thread.point, State.BLOCKED);
      this.#trace.push({ thread, operation: next, answer: 'blocks' });
      return;
    }
    const answer = this.#answer(thread, next, choice);
    this.#change(thread, this.#after(thread, answer), State.READY);
    this.#trace.push({ thread, operation: next, answer });
  }

  #answer(thread: Thread, { kind, at, a, b }: Operation, choice: number): number {
    const old = this.#memory[at] ?? 0;
    switch (kind) {
      case 'load':
      case 'when':
        this.#note(at, thread.bit, false);
        return old;
      case 'store':
        return this.#write(thread, at, a, a);
      case 'add':
        return this.#write(thread, at, (old + a) | 0, old);
      case 'sub':
        return this.#write(thread, at, (old - a) | 0, old);
      case 'exchange':
        return this.#write(thread, at, a, old);
      case 'compareExchange':
        return this.#write(thread, at, old === a ? b : old, old);
      case 'wait':
        this.#note(at, thread.bit, false);
        return thread.state === State.BLOCKED ? TIMED_OUT : NOT_EQUAL;
      case 'waitAsync':
        this.#note(at, thread.bit, false);
        if (old !== a) return NOT_EQUAL;
        this.#arm(thread, at, false);
        return OK;
      case 'notify':
        this.#note(at, thread.bit, true);
        return this.#wake(at);
      case 'choose':
        return choice;
      case 'park':
        this.#arm(thread, -1, false);
        return OK;
      case 'ended':
        return this.#thread(a).state === State.DEAD ? 1 : 0;
    }
  }

  #wake(at: number): number {
    let woken = 0;
    for (const thread of this.#threads) {
      if (thread.state === State.BLOCKED && thread.point.next?.at === at) {
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

  #write(thread: Thread, at: number, value: number, answer: number): number {
    const old = this.#memory[at] ?? 0;
    this.#note(at, thread.bit, old !== value);
    if (old !== value) {
      this.#undo.push({ at, value: old });
      this.#memory[at] = value;
    }
    return answer;
  }

  #change(thread: Thread, point: Point, state: State): void {
    this.#save(thread);
    thread.point = point;
    thread.state = state;
  }

  #arm(thread: Thread, armedAt: number, isNotified: boolean): void {
    this.#save(thread);
    thread.armedAt = armedAt;
    thread.isNotified = isNotified;
  }

  #save(thread: Thread): void {
    const { point, state, armedAt, isNotified } = thread;
    this.#undo.push({ thread, point, state, armedAt, isNotified });
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
      const { thread, point, state, armedAt, isNotified } = change;
      thread.point = point;
      thread.state = state;
      thread.armedAt = armedAt;
      thread.isNotified = isNotified;
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
    if (kind === 'choose') return true;
    if (at < 0 || kind === 'when' || kind === 'wait') return false;
    const isRead = kind === 'load' || (kind === 'compareExchange' && this.#memory[at] !== a);
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
    if (next.kind !== 'ended') return true;
    const other = this.#thread(next.a);
    return other.state === State.DEAD || other.point.end !== undefined;
  }

  #canDie({ mayDie, state, point }: Thread): boolean {
    if (!mayDie || state === State.DEAD || point.next === undefined) return false;
    const { kind } = point.next;
    return state === State.BLOCKED || kind === 'load' || kind === 'wait' || kind === 'park';
  }

  /** All that the future depends on. */
  #key(): string {
    let key = '';
    for (const { point, state, armedAt, isNotified } of this.#threads)
      key += fromCharCode(point.id & 0xffff, point.id >>> 16, state * 2 + Number(isNotified), armedAt & 0xffff);
    for (const at of this.#changed) {
      const value = this.#memory[at] ?? 0;
      key += fromCharCode(value & 0xffff, value >>> 16);
    }
    return key;
  }

  #after(thread: Thread, answer: number): Point {
    const { point } = thread;
    const known = point.after.get(point.isAnswerUsed ? answer : 0);
    if (known !== undefined) return known;
    const reached = this.#replay(thread, { part: point.part, before: point, answer });
    point.isAnswerUsed = this.#usedAnswers.has(this.#answers.length - 1);
    const after = this.#follow(thread, reached);
    point.after.set(point.isAnswerUsed ? answer : 0, after);
    return after;
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
    const start = this.#follow(thread, this.#replay(thread, { part, before: undefined, answer: 0 }));
    thread.starts[part] = start;
    return start;
  }

  /** Runs a thread from its beginning to the operation after the one that got `answer`. */
  #replay(thread: Thread, from: Pick<Point, 'part' | 'before' | 'answer'>): Point {
    const { part, before, answer } = from;
    const answers: number[] = [];
    if (before !== undefined) answers.push(answer);
    for (let point = before; point !== undefined && point.before !== undefined; point = point.before)
      answers.push(point.answer);
    this.#answers = answers.reverse();
    this.#position = 0;
    this.#usedAnswers.clear();
    this.#stoppedAt = undefined;
    this.#clockMs = 0;
    this.#immediates.length = 0;
    this.#heard = undefined;
    let end: Point['end'];
    this.#enter(thread.index);
    globalThis.Atomics = this.#atomics;
    try {
      end = { value: thread.parts[part]?.() };
    } catch (error) {
      end = { error };
    } finally {
      globalThis.Atomics = platformAtomics;
    }
    if (this.#stoppedAt !== undefined) end = undefined;
    return {
      id: this.#points++,
      part,
      before,
      answer,
      next: this.#stoppedAt,
      end,
      after: new Map(),
      isAnswerUsed: true,
    };
  }

  /** An operation of the thread that runs: the answer it had, or the end of the replay. */
  #operate(operation: Operation): number {
    const answer = this.#answers[this.#position++];
    if (answer === undefined || this.#stoppedAt !== undefined) {
      this.#stoppedAt ??= operation;
      throw STOP;
    }
    if (!LAZY.has(operation.kind)) this.#usedAnswers.add(this.#position - 1);
    return answer;
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
    exchange: (words: Int32Array, index: number, value: number) => this.#atomic('exchange', words, index, value),
    compareExchange: (words: Int32Array, index: number, expected: number, value: number) =>
      this.#atomic('compareExchange', words, index, expected, value),
    notify: (words: Int32Array, index: number) => this.#lazily('notify', words, index),
    wait: (words: Int32Array, index: number, expected: number, timeoutMs = Number.POSITIVE_INFINITY) => {
      const isTimed = Number.isFinite(timeoutMs);
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
    const because = cause instanceof Error ? `: ${cause.message}` : '';
    const steps = this.#trace.map(
      ({ thread, operation, answer }) => `\n  ${thread.name}: ${this.#text(operation)} → ${answer}`,
    );
    return new Error(`${what}${because}\nafter${steps.join('')}`, { cause });
  }

  #text(operation: Operation | undefined): string {
    if (operation === undefined) return 'its end';
    const { kind, at, a, b } = operation;
    let where = '';
    for (const { name, base } of this.#bases.values()) if (at >= base) where = `${name}[${at - base}] `;
    return `${kind} ${where}${a} ${b}`;
  }
}
