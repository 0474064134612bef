import { constants } from 'node:os';
import { acquire } from '../base/acquire.js';
import { wrongType } from '../base/check/argument-errors.js';
import { optionNames, readOptions } from '../base/check/options.js';
import { checkFunction, copyArray } from '../base/check/values.js';
import { all, race } from '../base/promises.js';
import { ofThisVersion } from '../base/version.js';
import { warnOf } from '../base/warn.js';
import { describe } from '../errors.js';
import {
  checkShutdownOptions,
  readShutdownOptions,
  type SettledCounts,
  type ShutdownOptions,
  type ShutdownSettings,
} from './options/shutdown-options.js';

/** What `shutdownAll` shuts down: a pool, a thread. */
export interface Endable {
  shutdown(settings: ShutdownSettings): Promise<SettledCounts>;
}

/** Which signals end all pools, and how. */
export interface SignalOptions extends ShutdownOptions {
  /** Names of the signals. Default: `['SIGINT', 'SIGTERM']`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /**
   * Called first, and awaited before pools are shut down: `() => server.close()`. If it fails, the error becomes a process
   * warning, and pools are shut down nevertheless. A second signal does not wait for it. Default: none.
   */
  readonly before?: (() => unknown) | undefined;
}

const SIGNAL_OPTIONS = optionNames<SignalOptions>({ signals: true, before: true, mode: true, timeoutMs: true });

const KEY = Symbol.for(ofThisVersion('endables'));
const globals = globalThis as typeof globalThis & { [KEY]?: Set<WeakRef<Endable>> };
globals[KEY] ??= new Set();
/**
 * Pools and threads of all copies of this version in this thread. Weak references: an unused pool must not be kept alive
 * for this.
 */
const registered: Set<WeakRef<Endable>> = globals[KEY];
/** Pools and hosts that have connections open until they are shut down, even if the program no longer refers to them. */
const held = new Set<Endable>();
const forget = new FinalizationRegistry<WeakRef<Endable>>((ref) => registered.delete(ref));

/** Registers a pool or thread with `shutdownAll`. Returns a function that unregisters it. */
export function registerForShutdown(endable: Endable): () => void {
  const ref = new WeakRef(endable);
  registered.add(ref);
  forget.register(endable, ref, ref);
  return () => {
    registered.delete(ref);
    forget.unregister(ref);
  };
}

/** Registers with `shutdownAll` what is kept until it is shut down. Returns a function that unregisters it. */
export function holdForShutdown(endable: Endable): () => void {
  const unregister = registerForShutdown(endable);
  held.add(endable);
  return () => {
    held.delete(endable);
    unregister();
  };
}

/**
 * Shuts down every pool and thread that the calling thread has made. Resolves when all have ended.
 *
 * @throws {TypeError | RangeError} by rejection, for a bad option.
 */
export async function shutdownAll(options?: ShutdownOptions): Promise<void> {
  const settings = readShutdownOptions(options, 'shut down all pools');
  const ending = [...registered].map((ref) => ref.deref()?.shutdown(settings));
  await all(ending);
}

/**
 * Shuts down all pools and threads when the process receives a signal, and then lets the signal end the process. A second
 * signal aborts them.
 *
 * @returns a function that stops doing so.
 * @throws {TypeError | RangeError} for a bad option.
 */
export function handleSignals(options?: SignalOptions): () => void {
  const action = 'handle signals';
  const given = readOptions(options, SIGNAL_OPTIONS, action);
  const settings = checkShutdownOptions(given, action);
  const signals = copyArray(given.signals ?? ['SIGINT', 'SIGTERM'], 'signals', action) as readonly NodeJS.Signals[];
  for (const signal of signals)
    if (!Object.hasOwn(constants.signals, signal))
      throw wrongType(action, `signals must be names of signals, but contains ${describe(signal)}`);
  const { before } = given;
  if (before !== undefined) checkFunction<() => unknown>(before, 'before', action);
  let isEnding = false;
  let isOn = true;
  let hurry = (): void => {};
  const unregister = (): void => {
    isOn = false;
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!isOn) return; // unregistered by another listener of this signal
    if (isEnding) {
      hurry();
      void shutdownAll({ mode: 'abort' });
      return;
    }
    isEnding = true;
    const isUrged = new Promise<void>((resolve) => {
      hurry = resolve;
    });
    const ended = race(callBefore(before), isUrged).then(() => shutdownAll(settings));
    void ended.finally(() => {
      unregister();
      process.kill(process.pid, signal); // no listener is left: the signal ends the process
    });
  };
  acquire((own) => {
    for (const signal of signals) {
      own(signal, () => process.off(signal, onSignal));
      process.on(signal, onSignal); // throws for a signal that cannot be handled, such as SIGKILL
    }
  });
  return unregister;
}

async function callBefore(before: (() => unknown) | undefined): Promise<void> {
  try {
    await before?.();
  } catch (error) {
    warnOf(error, 'before');
  }
}
