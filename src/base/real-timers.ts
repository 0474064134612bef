const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const;

type TimerName = (typeof NAMES)[number];
type Timers = Pick<typeof globalThis, TimerName>;

// not by imports, which would load what is rarely needed
const { getBuiltinModule } = process;
const timers = getBuiltinModule('node:timers');

/** Where the timers of Node are sought, in this order. */
const SOURCES: readonly ((name: TimerName) => unknown)[] = [
  (name) => Reflect.get(timers, `__zone_symbol__${name}`), // what zone.js found
  (name) => timers[name], // of a test's realm they are not the globals, which a runner replaces
  (name) => globalThis[name],
  (name) => unfaked(globalThis[name], name),
];

/**
 * Node's own timers, also where a test has faked them before the library is loaded: a faked timer fires when the test says
 * so, and the pool would wait for that.
 */
export function findRealTimers(): Timers {
  for (const source of SOURCES) {
    const found = Object.fromEntries(NAMES.map((name) => [name, source(name)])) as unknown as Timers;
    if (areReal(found)) return found;
  }
  return timersOfSockets() ?? timers;
}

/** What a mock of the family of @sinonjs/fake-timers (Jest's and Vitest's, too) has replaced; else the function itself. */
export function unfaked<F>(found: F, name: string): F {
  const { clock } = Object(found) as { readonly clock?: Readonly<Record<string, F>> };
  return clock?.[`_${name}`] ?? found;
}

/** Whether they make timers of Node's: it links these in lists. */
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
 * The mock of `node:test` keeps what it replaces to itself, everywhere; but a socket has a timer inside, of the class that
 * all of them are of.
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
    clearImmediate: () => {}, // never asked for
  };
}

/** As `setImmediate`, which cannot be had: by a promise; what `fn` throws is uncaught, and no rejection. */
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
