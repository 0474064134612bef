import {
  type CancellationToken,
  type Channel,
  type CurrentJob,
  type Job,
  type JobOptions,
  type Mutex,
  type Semaphore,
  type Task,
  taskModule,
} from 'thread-system';
import type { ChaosChannels, Sent } from './chaos-channels.ts';
import type { Random } from './random.ts';

/** What a job does that submits others. */
export interface FamilyPlan {
  readonly children: readonly ChildPlan[];
  readonly isCancelling: boolean;
  readonly isLeaving: boolean;
}

interface ChildPlan {
  readonly kind: 'echo' | 'busy' | 'polite' | 'fail' | 'exit' | 'family';
  readonly number: number;
  readonly value: unknown;
  readonly options: NonNullable<Parameters<CurrentJob['submit']>[2]>;
}

type Place = { readonly turns: number; readonly dies: boolean };

/** What a job does with a channel: so many sends, or receives of up to `max` values. */
interface Traffic {
  readonly count: number;
  readonly max: number;
  readonly timeoutMs: number;
  readonly dies: boolean;
}
type ByChannel<R> = (number: number, channel: Channel<Sent>, ledger: Int32Array, traffic: Traffic) => R;

/** The types of `tests/tasks/flagged.mjs`. */
export interface FlaggedTasks {
  echo<T>(number: number, value: T): T;
  busy(number: number, turns: number): number;
  sleep(number: number, ms: number): number;
  polite(number: number, ms: number): number;
  later(number: number, turns: number): Promise<number>;
  politeAsync(number: number, ms: number): Promise<number>;
  untilAborted(number: number, ms: number): Promise<number>;
  deaf(number: number): never;
  deafAsync(number: number): Promise<never>;
  exit(number: number, code: number): never;
  exitLater(number: number, turns: number): Promise<never>;
  fail(number: number, how: string): never;
  failLater(number: number, turns: number): Promise<never>;
  flaky(number: number, attempts: number): number;
  dieOnce(number: number): number;
  report(number: number, count: number): number;
  yields(number: number, count: number): Generator<number, number, undefined>;
  uncaught(number: number, turns: number): Promise<number>;
  lateError(number: number): string;
  bytes(number: number, given: Uint8Array): Uint8Array;
  sees(number: number, token: CancellationToken, word: number): boolean;
  cancels(number: number, token: CancellationToken, word: number): boolean;
  cancelsItself(number: number): string;
  locks(number: number, mutex: Mutex, place: Place): Promise<boolean>;
  locksSync(number: number, mutex: Mutex, place: Place): boolean;
  acquires(number: number, semaphore: Semaphore, place: Place): Promise<boolean>;
  sends: ByChannel<Promise<void>>;
  sendsSync: ByChannel<void>;
  receives: ByChannel<Promise<void>>;
  receivesSync: ByChannel<void>;
  family(number: number, plan: FamilyPlan): Promise<number>;
  prepare(turns: number): Promise<number>;
  surround(job: CurrentJob, next: () => unknown): Promise<unknown>;
  square(value: number): number;
  missing(number: number): void;
}

export const flagged = taskModule<FlaggedTasks>(new URL('../tasks/flagged.mjs', import.meta.url));
const nowhere = taskModule<{ anything(number: number): void }>(new URL('../tasks/nowhere.mjs', import.meta.url));

/** A token that jobs observe, and the word that is raised once it was seen raised. */
export interface WatchedToken {
  readonly token: CancellationToken;
  readonly word: number;
}

/** What jobs are made of besides chance. */
export interface Surroundings {
  readonly random: Random;
  readonly concurrency: number;
  readonly mutex: Mutex;
  readonly semaphore: Semaphore;
  readonly channels: ChaosChannels;
  readonly tokens: () => WatchedToken;
  /** Whether jobs submit others: while one waits for its children it shares its thread, whatever the concurrency. */
  readonly hasFamilies: boolean;
  /** Whether workers share memory with this side: what needs it cannot be sent to processes. */
  readonly sharesMemory: boolean;
  /** A number for a job. */
  readonly claim: () => number;
}

/** A job that is to be submitted, and what is known of it beforehand. */
export interface Plan {
  readonly kind: JobKindName;
  readonly task: Task;
  /** Its arguments behind its number. */
  readonly args: readonly unknown[];
  readonly options?: JobOptions;
  /** What it returns where it completes. */
  readonly result?: unknown;
  /** It completes in this attempt or in a later one, and returns which: others may be lost with their process. */
  readonly lastAttempt?: number;
  /** It says in its flags whether it runs. */
  readonly isFlagged?: false;
  /** What of its code may go on after it settled, as documented: an uncaught error's, or a given up async job's. */
  readonly mayGoOn?: boolean;
  /** It does not complete, but by a limit or a fault. */
  readonly neverCompletes?: boolean;
  /** The numbers of those that it submits, and that they submit. */
  readonly children?: readonly number[];
  /** It reports so many values. */
  readonly reports?: number;
}

const WEIGHTS = {
  echo: 300,
  inline: 60,
  busy: 100,
  sleep: 10,
  polite: 15,
  later: 60,
  politeAsync: 12,
  untilAborted: 8,
  deaf: 3,
  deafAsync: 3,
  exit: 4,
  exitLater: 2,
  fail: 40,
  failLater: 15,
  flaky: 20,
  dieOnce: 2,
  report: 15,
  yields: 10,
  uncaught: 4,
  lateError: 4,
  bytes: 15,
  sees: 20,
  cancels: 4,
  cancelsItself: 6,
  locks: 20,
  locksSync: 10,
  acquires: 20,
  sends: 15,
  sendsSync: 10,
  receives: 15,
  receivesSync: 10,
  family: 25,
  unclonable: 15,
  missing: 3,
} as const;

export type JobKindName = keyof typeof WEIGHTS | 'map';

const FAILURES = [
  ...['error', 'value', 'undefined', 'function', 'circular', 'getter', 'stack', 'unclonable', 'proxy', 'thenable'],
];

/** A job of any kind. */
export function planJob(from: Surroundings): Plan {
  return plan(from, from.random.weighted(WEIGHTS));
}

/** One whose code is short and synchronous. */
export function planShort(from: Surroundings): Plan {
  return plan(from, from.random.weighted({ echo: 8, busy: 6, fail: 1, unclonable: 1, inline: 1, bytes: 1, exit: 0.1 }));
}

/** One that sends or receives by the channel. */
export function planTraffic(from: Surroundings): Plan {
  return plan(from, from.random.pick(['sends', 'sendsSync', 'receives', 'receivesSync'] as const));
}

function plan(from: Surroundings, kind: Exclude<JobKindName, 'map'>): Plan {
  const { random } = from;
  const place = { turns: random.integer(0, 4), dies: random.chance(0.04) };
  switch (kind) {
    case 'echo': {
      const value = anyValue(random);
      return { kind, task: flagged.echo, args: [value], result: value };
    }
    case 'inline':
      return { kind, task: (number: number) => number + 1, args: [], isFlagged: false };
    case 'busy':
      return { kind, task: flagged.busy, args: [random.integer(0, random.pick([10, 1000, 100_000]))] };
    case 'sleep':
    case 'polite':
    case 'politeAsync':
    case 'untilAborted': {
      const ms = random.integer(1, 15);
      return { kind, task: flagged[kind], args: [ms], result: ms };
    }
    case 'later':
    case 'failLater':
    case 'exitLater':
      return { kind, task: flagged[kind], args: [random.integer(0, 6)] };
    case 'deaf':
      return { kind, task: flagged.deaf, args: [], neverCompletes: true, options: limits(random) };
    case 'deafAsync': {
      const mayGoOn = from.concurrency > 1 || from.hasFamilies;
      return { kind, task: flagged.deafAsync, args: [], neverCompletes: true, mayGoOn, options: limits(random) };
    }
    case 'exit':
      return { kind, task: flagged.exit, args: [random.integer(0, 3)] };
    case 'fail':
      return { kind, task: flagged.fail, args: [random.pick(FAILURES)] };
    case 'flaky': {
      const attempts = random.integer(1, 4);
      return {
        kind,
        task: flagged.flaky,
        args: [attempts],
        options: { retry: retry(random) },
        ...endsIn(attempts, from),
      };
    }
    case 'dieOnce':
      return { kind, task: flagged.dieOnce, args: [], options: { retry: retry(random) }, ...endsIn(2, from) };
    case 'report':
    case 'yields': {
      const count = random.integer(0, random.pick([5, 50, 500]));
      return { kind, task: flagged[kind], args: [count], reports: count, result: count };
    }
    case 'uncaught':
      return { kind, task: flagged.uncaught, args: [random.integer(0, 8)], mayGoOn: true };
    case 'lateError':
    case 'cancelsItself':
      return { kind, task: flagged[kind], args: [] };
    case 'bytes': {
      const given = new Uint8Array(random.integer(0, 5000));
      return {
        kind,
        task: flagged.bytes,
        args: [given],
        options: random.chance(0.5) ? { transfer: [given.buffer] } : {},
      };
    }
    case 'sees':
    case 'cancels': {
      const { token, word } = from.tokens();
      return { kind, task: flagged[kind], args: [token, word] };
    }
    case 'locksSync':
      if (!from.sharesMemory) return plan(from, 'locks');
      // one that blocks the thread of another that holds the lock would wait for itself
      if (from.concurrency > 1) return plan(from, 'locks');
      return { kind, task: flagged.locksSync, args: [from.mutex, place] };
    case 'locks':
      return { kind, task: flagged.locks, args: [from.mutex, place], neverCompletes: !from.sharesMemory };
    case 'acquires':
      return { kind, task: flagged.acquires, args: [from.semaphore, place], neverCompletes: !from.sharesMemory };
    case 'sends':
    case 'sendsSync':
    case 'receives':
    case 'receivesSync': {
      const { current, ledger } = from.channels;
      const size = { count: random.integer(0, random.pick([5, 50, 500])), max: random.pick([1, 1, 4]) };
      const traffic = { ...size, timeoutMs: random.integer(0, 30), dies: place.dies };
      return { kind, task: flagged[kind], args: [current, ledger, traffic], neverCompletes: !from.sharesMemory };
    }
    case 'family': {
      if (!from.hasFamilies) return plan(from, 'later');
      const children: number[] = [];
      const given = planFamily(from, children, 2);
      return { kind, task: flagged.family, args: [given], result: given.children.length, children };
    }
    case 'unclonable':
      return {
        kind,
        task: flagged.echo,
        args: [random.pick([() => 1, { deep: [Symbol('s')] }, new WeakMap(), getter()])],
      };
    case 'missing':
      return { kind, task: random.chance(0.5) ? flagged.missing : nowhere.anything, args: [], isFlagged: false };
  }
}

/** On threads no attempt of code that neither waits nor blocks is lost by what others do. */
function endsIn(attempt: number, { sharesMemory }: Surroundings): Pick<Plan, 'result' | 'lastAttempt'> {
  return sharesMemory ? { result: attempt } : { lastAttempt: attempt };
}

/** @param numbers takes those of all descendants. */
function planFamily(from: Surroundings, numbers: number[], depth: number): FamilyPlan {
  const { random } = from;
  const child = (): ChildPlan => {
    const kind = random.weighted({ echo: 6, busy: 4, polite: 3, fail: 1, exit: 0.2, family: depth > 0 ? 2 : 0 });
    const number = from.claim();
    numbers.push(number);
    const value = kind === 'family' ? planFamily(from, numbers, depth - 1) : kind === 'fail' ? 'error' : undefined;
    const options = {
      ...(random.chance(0.3) ? { priority: random.integer(-2, 2) } : {}),
      ...(random.chance(0.1) ? { timeoutMs: random.integer(1, 10) } : {}),
      ...(random.chance(0.1) ? { delayMs: random.integer(1, 10) } : {}),
      ...(random.chance(0.1) ? { graceMs: random.pick([0, 5, 102]) } : {}),
    };
    return { kind, number, value: value ?? random.integer(0, 5), options };
  };
  const children = Array.from({ length: random.integer(0, depth + 2) }, child);
  return { children, isCancelling: random.chance(0.1), isLeaving: random.chance(0.3) };
}

/** Options that any job may have. */
export function anyOptions(from: Surroundings, recent: readonly Job[]): JobOptions {
  const { random } = from;
  const dependsOn = recent.length > 0 && random.chance(0.06) ? [random.pick(recent), random.pick(recent)] : undefined;
  return {
    ...(random.chance(0.7) ? { priority: random.integer(-2, 2) } : {}),
    ...(random.chance(0.1) ? { front: true } : {}),
    ...(random.chance(0.15) ? { token: from.tokens().token } : {}),
    ...(random.chance(0.05) ? { name: `job ${random.integer(0, 9)}${'x'.repeat(random.integer(0, 80))}` } : {}),
    ...(random.chance(0.05) ? { timeoutMs: random.integer(1, 30) } : {}),
    ...(random.chance(0.03) ? { deadline: Date.now() + random.integer(-5, 60) } : {}),
    ...(random.chance(0.05) ? { graceMs: random.pick([0, 5, 20, 102]) } : {}),
    ...(random.chance(0.05) ? { delayMs: random.integer(0, 20) } : {}),
    ...(random.chance(0.02) ? { startAt: Date.now() + random.integer(-5, 20) } : {}),
    ...(random.chance(0.08) ? { retry: retry(random) } : {}),
    ...(random.chance(0.05) ? { affinity: random.pick(['a', 'b', 'c']) } : {}),
    ...(random.chance(0.04) ? { exclusive: true } : {}),
    ...(dependsOn === undefined ? {} : { dependsOn }),
  };
}

/** What ends a job that does not end by itself. */
function limits(random: Random): JobOptions {
  const timeoutMs = random.integer(1, 30);
  return { timeoutMs, ...(random.chance(0.3) ? { retry: { ...retry(random), maxAttempts: 2 } } : {}) };
}

function retry(random: Random): NonNullable<JobOptions['retry']> {
  return {
    maxAttempts: random.integer(1, 4),
    delayMs: random.pick([0, 0, 1, 5]),
    backoff: random.pick(['fixed', 'linear', 'exponential'] as const),
    jitter: random.pick([0, 0.5, 1]),
    onWorkerExit: random.chance(0.6),
    ...(random.chance(0.2) ? { retryIf: () => true } : {}),
  };
}

function getter(): object {
  return {
    get boom() {
      throw new Error('a getter');
    },
  };
}

function anyValue(random: Random): unknown {
  switch (random.integer(0, 9)) {
    case 0:
      return 'x'.repeat(random.integer(0, 70));
    case 1:
      return '\u0100'.repeat(random.integer(0, 3000));
    case 2:
      return { [`key${random.integer(0, 300)}`]: [random.next(), { deep: null }] };
    case 3:
      return new Map([[random.integer(0, 9), new Set([1n])]]);
    case 4:
      return Array.from({ length: random.integer(0, 70) }, (_, i) => ({ i }));
    default:
      return random.integer(-1000, 1000);
  }
}
