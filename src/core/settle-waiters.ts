import { startTimer } from '../base/timer.js';

/** A caller that waits for all jobs up to a number in the order of submission. */
interface Waiter {
  readonly upTo: number;
  unsettled: number;
  readonly done: () => void;
}

/** Callers that wait until jobs have settled: `waitAll`. */
export class SettleWaiters {
  /** An array, as it is walked for every job that settles. */
  #waiters: Waiter[] = [];
  /** How many callers wait. A plain field, as it is read for every job that settles. */
  count = 0;

  /**
   * Resolves with `true` once the jobs that are unsettled now have settled, with `false` if `timeoutMs` passes first.
   *
   * @param upTo the number of the job that was submitted last.
   * @param unsettled how many jobs up to it have not settled.
   */
  wait(upTo: number, unsettled: number, timeoutMs: number): Promise<boolean> {
    if (unsettled === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        upTo,
        unsettled,
        done: () => {
          stopTimer();
          resolve(true);
        },
      };
      const expire = (): void => {
        this.#setWaiters(this.#waiters.filter((other) => other !== waiter));
        resolve(false);
      };
      const stopTimer = startTimer(timeoutMs, expire, { keepsProcess: true });
      this.#waiters.push(waiter);
      this.count++;
    });
  }

  /** The job of that number has settled. */
  settled(number: number): void {
    const waiters = this.#waiters;
    let isAnyDone = false;
    for (let i = 0; i < waiters.length; i++) {
      const waiter = waiters[i] as Waiter;
      if (number <= waiter.upTo && --waiter.unsettled === 0) isAnyDone = true;
    }
    if (isAnyDone) this.#endDone();
  }

  #endDone(): void {
    const done = this.#waiters.filter((waiter) => waiter.unsettled === 0);
    this.#setWaiters(this.#waiters.filter((waiter) => waiter.unsettled > 0));
    for (const waiter of done) waiter.done();
  }

  #setWaiters(waiters: Waiter[]): void {
    this.#waiters = waiters;
    this.count = waiters.length;
  }
}
