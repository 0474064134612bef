import { supports } from './capabilities.js';

const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const;

type TimerName = (typeof NAMES)[number];
type Timers = Pick<typeof globalThis, TimerName>;

// not imported, as most of these modules are rarely needed
const { getBuiltinModule } = process;
const timers = getBuiltinModule('node:timers');

/** Where to look for Node's timers, in this order. */
const SOURCES: readonly ((name: TimerName) => unknown)[] = [
  (name) => Reflect.get(timers, `__zone_symbol__${name}`), // what zone.js replaced
  (name) => timers[name], // in a test's realm these differ from the globals, which a runner replaces
  (name) => globalThis[name],
  (name) => unfaked(globalThis[name], name),
];

/**
 * Returns Node's own timers, even if a test has faked them before the library is loaded: a faked timer fires only when
 * the test says so, and the pool would wait for that.
 */
export function findRealTimers(): Timers {
  if (!supports('knownTimers')) return timers;
  for (const source of SOURCES) {
    const found = Object.fromEntries(NAMES.map((name) => [name, source(name)])) as unknown as Timers;
    if (areReal(found)) return found;
  }
  return timersOfSockets() ?? timers;
}

/** Returns what a mock made by @sinonjs/fake-timers (as in Jest and Vitest) replaced; otherwise the function itself. */
export function unfaked<F>(found: F, name: string): F {
  const { clock } = Object(found) as { readonly clock?: Readonly<Record<string, F>> };
  return clock?.[`_${name}`] ?? found;
}

/** Whether functions make timers of Node's own, which are links of its lists. */
function areReal(found: Timers): boolean {
  return (
    isReal(found.setTimeout, found.clearTimeout) &&
    isReal(found.setInterval, found.clearInterval) &&
    isReal(found.setImmediate, found.clearImmediate)
  );
}

function isReal<T>(set: (fn: () => void, ms: number) => T, clear: (timer: T) => void): boolean {
  if (typeof set !== 'function' || typeof clear !== 'function') return false;
  const timer = set(() => {}, 1000);
  clear(timer);
  return typeof timer === 'object' && timer !== null && '_idleNext' in timer;
}

type TimeoutClass = new (
  fn: () => void,
  ms: number,
  args: undefined,
  isRepeated: boolean,
  keepsProcess: boolean,
) => NodeJS.Timeout;

/**
 * Makes timers by the class of a socket's internal timer, which is that of all timers: the mock of `node:test` hides
 * every function that it replaces.
 */
function timersOfSockets(): Timers | undefined {
  const { Socket } = getBuiltinModule('node:net');
  const socket = new Socket();
  socket.setTimeout(1000);
  const timeout = Object.getOwnPropertySymbols(socket)
    .map((key): unknown => Reflect.get(socket, key))
    .find((value) => typeof value === 'object' && value !== null && 'refresh' in value && '_idleNext' in value);
  socket.setTimeout(0);
  if (timeout === undefined) return undefined;
  const Timeout = (timeout as object).constructor as TimeoutClass;
  const start = (fn: () => void, ms = 1, isRepeated = false): NodeJS.Timeout =>
    new Timeout(fn, ms, undefined, isRepeated, true).refresh();
  const stop = (timer?: NodeJS.Timeout): void => void timer?.close();
  return {
    setTimeout: ((fn: () => void, ms?: number) => start(fn, ms)) as typeof setTimeout,
    clearTimeout: stop as typeof clearTimeout,
    setInterval: ((fn: () => void, ms?: number) => start(fn, ms, true)) as typeof setInterval,
    clearInterval: stop as typeof clearInterval,
    setImmediate: ((fn: () => void) => nextTurn(fn, start)) as unknown as typeof setImmediate,
    clearImmediate: () => {}, // not used
  };
}

/** Stands in for `setImmediate`, by a promise. An error thrown by `fn` is uncaught, rather than a rejection. */
function nextTurn(fn: () => void, start: (fn: () => void) => NodeJS.Timeout): { unref(): void } {
  const { scheduler } = getBuiltinModule('node:timers/promises');
  const run = async (): Promise<void> => {
    await scheduler.yield();
    try {
      fn();
    } catch (error) {
      start(() => {
        throw error;
      });
    }
  };
  void run();
  return { unref() {} };
}
