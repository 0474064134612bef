import { outsideRequests } from '../../base/async-context.js';
import { clearTimeout, setTimeout } from '../../base/clock.js';
import type { Backlog } from './backlog.js';
import type { Balance } from './balance.js';
import type { Dispatcher } from './dispatcher.js';

/** First interval at which workers with jobs not begun are checked; doubled while nothing moves, up to the longest. */
const FIRST_MS = 1;
const LONGEST_MS = 16;

export interface StallWatchDeps {
  readonly dispatcher: Dispatcher;
  readonly backlog: Backlog;
  readonly balance: Balance;
}

/** What a check begins and ends with. */
export interface StallWatchEvents {
  drain(): void;
  pump(): void;
}

/** Takes jobs back from workers that make no progress: by a timer while jobs wait at workers, as such a worker does not ring. */
export class StallWatch {
  readonly #deps: StallWatchDeps;
  readonly #events: StallWatchEvents;
  #timer: NodeJS.Timeout | undefined;
  #intervalMs = FIRST_MS;
  /** When workers were last checked without the timer, in ms of `now()`. */
  #checkedAtMs = 0;

  constructor(deps: StallWatchDeps, events: StallWatchEvents) {
    this.#deps = deps;
    this.#events = events;
  }

  /** Starts the timer if workers need watching. */
  arm(): void {
    const { backlog } = this.#deps;
    if (this.#timer !== undefined || !backlog.needsWatching) return;
    this.#timer = outsideRequests(setTimeout, this.#onTimer, this.#intervalMs + backlog.longestMs).unref();
  }

  /** New jobs have arrived: workers are checked often again. */
  restart(): void {
    if (this.#intervalMs === FIRST_MS) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#intervalMs = FIRST_MS;
  }

  /** Checks workers now if it is time, as this thread is awake: the timer is for when no worker rings. */
  checkIfDue(nowMs: number): void {
    if (this.#timer === undefined || nowMs - this.#checkedAtMs < this.#intervalMs) return;
    this.#checkedAtMs = nowMs;
    this.#timer.refresh();
    this.#deps.balance.recallStuck();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const { dispatcher, balance } = this.#deps;
    const before = dispatcher.queue.size;
    this.#events.drain();
    balance.recallStuck();
    this.#events.pump();
    const hasMoved = dispatcher.queue.size !== before;
    this.#intervalMs = hasMoved ? FIRST_MS : Math.min(2 * this.#intervalMs, LONGEST_MS);
    this.arm();
  };
}
