import TinyQueue from 'tinyqueue';
import { outsideRequests } from './async-context.js';
import { clearTimeout, now, setTimeout } from './clock.js';
import { whenSettled } from './promises.js';

/** Longest delay that `setTimeout` supports; it fires at once for anything longer. */
const LONGEST_MS = 2 ** 31 - 1;
/** Number of stopped timers above which they are swept out of the heap, if they outnumber those that run. */
const SWEEP_FROM = 256;

/** Stops a timer that has not fired; otherwise does nothing. */
export type StopTimer = () => void;

interface Alarm {
  readonly dueAtMs: number;
  readonly keepsProcess: boolean;
  /** `undefined` once the alarm was stopped or has fired. */
  ring: (() => void) | undefined;
}

/** All timers of a thread: a heap ordered by due time, and one platform timer for the first of them. */
class AlarmClock {
  #heap = new TinyQueue<Alarm>([], byDueTime);
  #running = 0;
  /** How many of the running timers keep the process alive. */
  #keeping = 0;
  #timeout: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  add(alarm: Alarm): void {
    this.#heap.push(alarm);
    this.#running++;
    if (alarm.keepsProcess) this.#keeping++;
    this.#arm();
  }

  stop(alarm: Alarm): void {
    if (alarm.ring === undefined) return;
    this.#end(alarm);
    const stopped = this.#heap.length - this.#running;
    if (stopped > SWEEP_FROM && stopped > this.#running)
      this.#heap = new TinyQueue(
        this.#heap.data.filter((other) => other.ring !== undefined),
        byDueTime,
      );
    this.#arm();
  }

  #end(alarm: Alarm): void {
    alarm.ring = undefined;
    this.#running--;
    if (alarm.keepsProcess) this.#keeping--;
  }

  /** The first alarm that was not stopped. */
  #first(): Alarm | undefined {
    for (;;) {
      const alarm = this.#heap.peek();
      if (alarm === undefined || alarm.ring !== undefined) return alarm;
      this.#heap.pop();
    }
  }

  #arm(): void {
    const first = this.#first();
    if (first === undefined) {
      clearTimeout(this.#timeout);
      this.#timeout = undefined;
      this.#armedForMs = Number.POSITIVE_INFINITY;
      return;
    }
    // a timer armed too early just checks again, which is cheaper than to move it for every stopped alarm
    if (this.#timeout === undefined || first.dueAtMs < this.#armedForMs) {
      clearTimeout(this.#timeout);
      this.#armedForMs = first.dueAtMs;
      this.#timeout = outsideRequests(
        setTimeout,
        this.#onTimeout,
        Math.min(Math.max(Math.ceil(first.dueAtMs - now()), 1), LONGEST_MS),
      );
    }
    if (this.#keeping > 0) this.#timeout.ref();
    else this.#timeout.unref();
  }

  readonly #onTimeout = (): void => {
    this.#timeout = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    // setTimeout may fire up to a millisecond early, as its clock is cached and rounded
    const nowMs = now();
    try {
      // one at a time, as each may stop others
      for (let alarm = this.#first(); alarm !== undefined && alarm.dueAtMs <= nowMs; alarm = this.#first()) {
        this.#heap.pop();
        const { ring } = alarm;
        this.#end(alarm);
        ring?.();
      }
    } finally {
      this.#arm();
    }
  };
}

function byDueTime(a: Alarm, b: Alarm): number {
  return a.dueAtMs - b.dueAtMs;
}

const clock = new AlarmClock();

/**
 * Calls `fn` once `ms` have passed on the monotonic clock, never sooner, however long that is; never if `ms` is
 * `Infinity`.
 *
 * @param options.keepsProcess whether the timer keeps the process alive.
 * @returns a function that stops the timer.
 */
export function startTimer(ms: number, fn: () => void, options: { readonly keepsProcess: boolean }): StopTimer {
  if (ms === Number.POSITIVE_INFINITY) return () => {};
  const alarm: Alarm = { dueAtMs: now() + ms, keepsProcess: options.keepsProcess, ring: fn };
  clock.add(alarm);
  return () => clock.stop(alarm);
}

/**
 * Waits for a promise, but no longer than `ms`; the process stays alive meanwhile. Resolves with `true` once the promise has
 * fulfilled, with `false` if the time passes first.
 *
 * @throws by rejection, what the promise rejects with in that time. A later rejection is ignored.
 */
export function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stopTimer = startTimer(ms, () => resolve(false), { keepsProcess: true });
    const onFulfilled = (): void => {
      stopTimer();
      resolve(true);
    };
    const onRejected = (reason: unknown): void => {
      stopTimer();
      reject(reason);
    };
    void whenSettled(promise, onFulfilled, onRejected);
  });
}

/** Returns how many ms are left until a point in time; 0 if it has passed. */
export function msUntil(date: Date | number): number {
  return Math.max(0, Number(date) - Date.now());
}
