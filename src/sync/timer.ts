import { clearTimeout, now, setTimeout } from './platform.js';

/** The longest delay `setTimeout` keeps; it fires at once for anything longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** Stops a timer that has not fired; otherwise does nothing. */
export type StopTimer = () => void;

/**
 * Calls `fn` once, never before `ms` have passed on the monotonic clock, however long that is; `Infinity` never does.
 *
 * @param options.keepsProcess whether a process with nothing else to do waits for it.
 */
export function startTimer(ms: number, fn: () => void, options: { readonly keepsProcess: boolean }): StopTimer {
  if (ms === Number.POSITIVE_INFINITY) return () => {};
  const dueAt = now() + ms;
  let handle: NodeJS.Timeout;
  const arm = (remainingMs: number): void => {
    handle = setTimeout(tick, Math.min(Math.ceil(remainingMs), LONGEST_MS));
    if (!options.keepsProcess) handle.unref();
  };
  // setTimeout may fire up to a millisecond early, as its clock is cached and rounded
  const tick = (): void => {
    const remainingMs = dueAt - now();
    if (remainingMs > 0) arm(remainingMs);
    else fn();
  };
  arm(ms);
  return () => clearTimeout(handle);
}

/** Checks a `timeoutMs` option: a number of milliseconds, 0 or more, `Infinity` allowed. */
export function checkMs(value: unknown, name: string, action: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a number of milliseconds, received ${typeof value}`);
  if (!(value >= 0))
    throw new RangeError(`Cannot ${action}: ${name} must be 0 or more milliseconds, received ${value}`);
  return value;
}
