import { constants } from 'node:os';
import { acquire } from '../base/acquire.js';
import { all } from '../base/promises.js';
import { describe } from '../errors.js';
import { checkOptionNames } from '../jobs/option-names.js';
import type { SettledCounts } from './settled-counts.js';
import { checkShutdownOptions, type ShutdownOptions } from './shutdown-options.js';

/** What `shutdownAll` ends: a pool, a thread. */
export interface Endable {
  shutdown(options?: ShutdownOptions): Promise<SettledCounts>;
}

export interface SignalOptions extends ShutdownOptions {
  /** Default: `['SIGINT', 'SIGTERM']`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

const OPTIONS = new Set(['signals', 'mode', 'timeoutMs']);

/** By weak references: who is forgotten is not kept for this. */
const living = new Set<WeakRef<Endable>>();
const forget = new FinalizationRegistry<WeakRef<Endable>>((ref) => living.delete(ref));

/** Enters what is to be ended with the process. Answers how to take it off. */
export function enterLiving(endable: Endable): () => void {
  const ref = new WeakRef(endable);
  living.add(ref);
  forget.register(endable, ref, ref);
  return () => {
    living.delete(ref);
    forget.unregister(ref);
  };
}

/** Ends every pool and thread of this process that the caller's thread has made; resolves when all have ended. */
export async function shutdownAll(options: ShutdownOptions = {}): Promise<void> {
  checkShutdownOptions(options, 'shut down all pools');
  const ending = [...living].map((ref) => ref.deref()?.shutdown(options));
  await all(ending);
}

/**
 * Ends all pools and threads when the process is told to end, and then lets the signal end it. A second signal ends them
 * at once.
 *
 * @returns how to stop doing so.
 * @throws {TypeError} or {RangeError} for a bad option.
 */
export function handleSignals(given: SignalOptions = {}): () => void {
  const action = 'handle signals';
  checkOptionNames(given, OPTIONS, action);
  const { signals = ['SIGINT', 'SIGTERM'], ...options } = given;
  checkShutdownOptions(options, action);
  if (!Array.isArray(signals))
    throw new TypeError(`Cannot ${action}: signals must be an array, received ${describe(signals)}`);
  for (const signal of signals)
    if (!Object.hasOwn(constants.signals, signal))
      throw new TypeError(`Cannot ${action}: signals must be names of signals, but holds ${describe(signal)}`);
  let isEnding = false;
  const unregister = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isEnding) {
      void shutdownAll({ mode: 'abort' });
      return;
    }
    isEnding = true;
    void shutdownAll(options).finally(() => {
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
