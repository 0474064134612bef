import TinyQueue from 'tinyqueue';
import { outsideRequests } from './async-context.js';
import { clearTimeout, now, setTimeout } from './clock.js';

/** The longest delay `setTimeout` keeps; it fires at once for anything longer. */
const LONGEST_MS = 2 ** 31 - 1;
/** Stopped timers are swept out of the heap once they are so many, and more than those that run. */
const SWEEP_FROM = 256;

/** Stops a timer that has not fired; otherwise does nothing. */
export type StopTimer = () => void;

interface Alarm {
  readonly dueAtMs: number;
  readonly keepsProcess: boolean;
  /** `undefined` once it was stopped or has rung. */
  ring: (() => void) | undefined;
}

/** All timers of a thread: a heap by the time they are due, and one timer of the platform's for the first of them. */
class AlarmClock {
  #heap = new TinyQueue<Alarm>([], byDueTime);
  #running = 0;
  /** Of those that run, how many keep the process. */
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
    // one armed too early looks again; to move it for every alarm that is stopped would cost more
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
      // one by one, as each may stop others
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
 * Calls `fn` once, never before `ms` have passed on the monotonic clock, however long that is; `Infinity` never does.
 *
 * @param options.keepsProcess whether a process with nothing else to do waits for it.
 */
export function startTimer(ms: number, fn: () => void, options: { readonly keepsProcess: boolean }): StopTimer {
  if (ms === Number.POSITIVE_INFINITY) return () => {};
  const alarm: Alarm = { dueAtMs: now() + ms, keepsProcess: options.keepsProcess, ring: fn };
  clock.add(alarm);
  return () => clock.stop(alarm);
}

/** How many ms are left until a point in time: 0 where it has passed. */
export function msUntil(date: Date | number): number {
  return Math.max(0, Number(date) - Date.now());
}
