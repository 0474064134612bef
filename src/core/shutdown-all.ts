import { constants } from 'node:os';
import { acquire } from '../base/acquire.js';
import { checkArray, optionNames, readOptions } from '../base/check.js';
import { all } from '../base/promises.js';
import { describe } from '../errors.js';
import {
  checkShutdownOptions,
  readShutdownOptions,
  type SettledCounts,
  type ShutdownOptions,
  type ShutdownSettings,
} from './options/shutdown-options.js';

/** What `shutdownAll` ends: a pool, a thread. */
export interface Endable {
  shutdown(settings: ShutdownSettings): Promise<SettledCounts>;
}

export interface SignalOptions extends ShutdownOptions {
  /** Default: `['SIGINT', 'SIGTERM']`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

const SIGNAL_OPTIONS = optionNames<SignalOptions>({ signals: true, mode: true, timeoutMs: true });

/** By weak references: who is forgotten is not kept for this. */
const living = new Set<WeakRef<Endable>>();
const forget = new FinalizationRegistry<WeakRef<Endable>>((ref) => living.delete(ref));

/** Enters what is to be ended with the process. Answers how to take it off. */
export function registerForShutdown(endable: Endable): () => void {
  const ref = new WeakRef(endable);
  living.add(ref);
  forget.register(endable, ref, ref);
  return () => {
    living.delete(ref);
    forget.unregister(ref);
  };
}

/** Ends every pool and thread of this process that the caller's thread has made; resolves when all have ended. */
export async function shutdownAll(options?: ShutdownOptions): Promise<void> {
  const settings = readShutdownOptions(options, 'shut down all pools');
  const ending = [...living].map((ref) => ref.deref()?.shutdown(settings));
  await all(ending);
}

/**
 * Ends all pools and threads when the process is told to end, and then lets the signal end it. A second signal ends them
 * at once.
 *
 * @returns how to stop doing so.
 * @throws {TypeError} or {RangeError} for a bad option.
 */
export function handleSignals(options?: SignalOptions): () => void {
  const action = 'handle signals';
  const given = readOptions(options, SIGNAL_OPTIONS, action);
  const settings = checkShutdownOptions(given, action);
  const signals = checkArray(given.signals ?? ['SIGINT', 'SIGTERM'], 'signals', action) as readonly NodeJS.Signals[];
  for (const signal of signals)
    if (!Object.hasOwn(constants.signals, signal))
      throw new TypeError(`Cannot ${action}: signals must be names of signals, but holds ${describe(signal)}`);
  let isEnding = false;
  let isOn = true;
  const unregister = (): void => {
    isOn = false;
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!isOn) return; // taken off by another listener of this signal
    if (isEnding) {
      void shutdownAll({ mode: 'abort' });
      return;
    }
    isEnding = true;
    void shutdownAll(settings).finally(() => {
      unregister();
      process.kill(process.pid, signal); // nobody handles it now: it ends the process as it would have
    });
  };
  acquire((own) => {
    for (const signal of signals) {
      own(signal, () => process.off(signal, onSignal));
      process.on(signal, onSignal); // throws where nobody may handle it, such as SIGKILL
    }
  });
  return unregister;
}
