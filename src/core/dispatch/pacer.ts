import { outsideRequests } from '../../base/async-context.js';
import { clearTimeout, now, queueMicrotask, setImmediate, setTimeout } from '../../base/clock.js';
import { hasMuchStackRoom, hasStackRoom, needStackRoom } from '../../base/stack-room.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import type { MainParking } from '../../host/main-parking.js';
import { type Job, orderOf } from '../../jobs/job.js';
import { urgencyOf } from '../../jobs/job-engine.js';
import type { Ledger } from '../ledger.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Balance } from './balance.js';
import type { DirectDispatch } from './direct-dispatch.js';
import type { Dispatcher } from './dispatcher.js';

/**
 * A long run of submissions lets jobs out, and reads answers, when so many have come or so much time has passed: before
 * workers, which are sent up to a thousand short jobs each, are through with theirs. Else a backlog grows, which costs more
 * than anything, as the garbage collector copies its arguments.
 */
const PUMP_EVERY = 512;
const PUMP_EVERY_MS = 0.5;
/** It looks at the clock each time so many have come: a power of 2. */
const LOOK_EVERY = 64;
/** Answers read from one worker before the next is looked at. */
const DRAIN_BATCH = 256;
/** The event loop turns at least this often while answers are read. */
const YIELD_MS = 0.5;
/** After short jobs were sent, how long this thread looks for answers before it waits to be rung. */
const LINGER_MS = 0.05;
/** Jobs expected to be done sooner are worth waiting for. */
const LINGER_BACKLOG_TICKS = 0.05 * TICKS_PER_MS;
/**
 * Where workers have more to do than this, it looks for answers by itself after as long, while there are any: a timer wakes
 * one thread, a ring costs two.
 */
const WAKE_MS = 2;
/** How often workers with jobs not begun are looked at; each time nothing has moved, half as often. */
const WATCH_MS = 1;
const LONGEST_WATCH_MS = 16;

/** What the pacer paces. */
export interface PacerDeps {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly balance: Balance;
  readonly direct: DirectDispatch;
  readonly workers: WorkerSet;
  /** BatchItem what `new Worker` threw. */
  readonly onStartError: (cause: unknown) => void;
  readonly parking: MainParking;
}

/** Decides when the main thread sends jobs and when it reads answers: in batches, without holding its event loop up. */
export class Pacer {
  readonly #deps: PacerDeps;
  readonly #dispatcher: Dispatcher;
  readonly #direct: DirectDispatch;
  #isPumpScheduled = false;
  #isDrainScheduled = false;
  #isReading = false;
  /** Workers are being started, which may run foreign code: the option `worker`. */
  #isStarting = false;
  /** What starting one has thrown, until it is told. */
  #startFault: { readonly cause: unknown } | undefined;
  /** Nobody need ring, as answers are looked for after this run of submissions. */
  #isAwake = false;
  #sincePump = 0;
  #pumpedAtMs = 0;
  #lingerUntilMs = 0;
  #wakeTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #watchMs = WATCH_MS;
  #watchedAtMs = 0;

  constructor(paced: PacerDeps) {
    this.#deps = paced;
    this.#dispatcher = paced.dispatcher;
    this.#direct = paced.direct;
  }

  /**
   * To be called before a job is entered. Answers whether it is the first of its batch: a good moment to look at the clock. That
   * the batch will be sent is settled first, as it goes deepest: where the stack ends in it, nothing has changed.
   *
   * @throws {RangeError} near the end of the stack.
   */
  beginsBatch(): boolean {
    needStackRoom();
    if (this.#isPumpScheduled) return false;
    this.#schedulePump();
    return true;
  }

  /** Puts a job that has come, behind its equals, in its place in the queue, from where it goes by itself. */
  enqueue(job: Job): void {
    if (!this.#direct.trySend(job)) {
      const dispatcher = this.#dispatcher;
      dispatcher.queue.insert(job);
      if (urgencyOf(job) > dispatcher.calm) this.#hasten();
    }
    this.#paceNext(job);
  }

  /** Puts a job in its place that comes back, maybe before its equals. */
  enqueueBefore(job: Job): void {
    this.insert(job);
    this.#hasten();
    this.#paceNext(job);
  }

  /** Puts a job in its place, where it stays until `inserted`. */
  insert(job: Job): void {
    this.#dispatcher.queue.insert(job);
  }

  /** A job that was inserted may begin, unless it has settled meanwhile. */
  inserted(job: Job): void {
    if (orderOf(job) < 0 || urgencyOf(job) > this.#dispatcher.calm) this.#hasten();
    this.#paceNext(job);
  }

  #paceNext(job: Job): void {
    if (!this.#isPumpScheduled) this.#schedulePump();
    else if ((++this.#sincePump & (LOOK_EVERY - 1)) === 0) this.#pumpBetween(job);
  }

  /**
   * A job has come that may be the next to begin: this thread may be busy before its batch is sent, or another begin before it.
   * Near the end of the stack it goes with its batch: nothing of this may end in the middle.
   */
  #hasten(): void {
    const { dispatcher } = this.#deps;
    if (!dispatcher.isDue || this.#isReading || this.#isStarting || !hasStackRoom()) return;
    if (dispatcher.wantedWorkers > 0 && hasMuchStackRoom()) {
      this.#read(DRAIN_BATCH); // one may be done by now
      this.#startWorkersSoon();
    }
    dispatcher.hasten();
    if (!this.#isAwake && this.#isWorthLingering()) {
      this.#isAwake = true;
      this.#deps.parking.leave();
    }
  }

  /** Starts workers now; what that throws is told with the batch. */
  #startWorkersSoon(): void {
    if (this.#startFault !== undefined) return;
    this.#isStarting = true;
    try {
      const count = this.#dispatcher.wantedWorkers;
      if (count > 0) this.#deps.workers.start(count);
    } catch (cause) {
      this.#startFault = { cause };
    } finally {
      this.#isStarting = false;
    }
  }

  #schedulePump(): void {
    queueMicrotask(this.#pumpSoon);
    this.#isPumpScheduled = true;
    this.#sincePump = 0;
  }

  /** Within a long run of submissions. */
  #pumpBetween(last: Job): void {
    const nowMs = this.#deps.ledger.look();
    if (this.#sincePump < PUMP_EVERY && nowMs - this.#pumpedAtMs < PUMP_EVERY_MS) return;
    if (!hasMuchStackRoom()) return;
    this.#sincePump = 0;
    this.#pumpedAtMs = nowMs;
    this.pump();
    this.#read(2 * PUMP_EVERY);
    this.#direct.plan(last, nowMs);
  }

  /** Sends what may be sent. */
  pump(): void {
    const { dispatcher } = this.#deps;
    if (dispatcher.isDue) {
      this.#startWorkers();
      dispatcher.feed();
    }
    this.#direct.publish(); // last: what is more urgent has taken back what it goes before
    dispatcher.calmDown();
    this.#watch();
  }

  /** Starts what is missing to `minWorkers`. */
  refill(): void {
    this.#tryToStart(() => this.#deps.workers.refill());
  }

  /** Reads answers until there are none, then waits to be rung. */
  readonly drain = (): void => {
    if (this.#isDrainScheduled || this.#isReading) return;
    const { ledger, dispatcher, balance } = this.#deps;
    const startedMs = ledger.look();
    let hasRead = false;
    for (;;) {
      const count = this.#read(DRAIN_BATCH);
      if (count > 0) {
        hasRead = true;
        this.#lingerUntilMs = startedMs + LINGER_MS;
      }
      this.#lookAfter(startedMs);
      if (dispatcher.isDue || (ledger.unsettled > 0 && balance.share())) this.pump();
      if (count === 0 && this.#rest(startedMs, hasRead)) return;
      if (dispatcher.takeUrgentSettled() || ledger.look() - startedMs > YIELD_MS) {
        this.#drainLater();
        return;
      }
    }
  };

  readonly #pumpSoon = (): void => {
    this.#isPumpScheduled = false;
    if (this.#watchMs > WATCH_MS) this.#restartWatch();
    this.pump();
    const wasAwake = this.#isAwake;
    this.#isAwake = false;
    if (this.#isDrainScheduled) return;
    if (!wasAwake && !this.#isWorthLingering()) return;
    this.#lingerUntilMs = now() + LINGER_MS;
    this.#deps.parking.leave();
    this.#drainLater();
  };

  #startWorkers(): void {
    const { dispatcher, workers, onStartError } = this.#deps;
    const fault = this.#startFault;
    if (fault !== undefined) {
      this.#startFault = undefined;
      onStartError(fault.cause);
      return;
    }
    const count = dispatcher.wantedWorkers;
    if (count > 0) this.#tryToStart(() => workers.start(count));
  }

  #tryToStart(start: () => void): void {
    try {
      start();
    } catch (cause) {
      this.#deps.onStartError(cause); // such as a flag that Node refuses
    }
  }

  #drainLater(): void {
    this.#isDrainScheduled = true;
    outsideRequests(setImmediate, this.#drainNow);
  }

  readonly #drainNow = (): void => {
    this.#isDrainScheduled = false;
    this.drain();
  };

  #read(max: number): number {
    if (this.#isReading) return 0;
    this.#isReading = true;
    try {
      let count = 0;
      for (const worker of this.#deps.workers.all) count += worker.drain(max);
      return count;
    } finally {
      this.#isReading = false;
    }
  }

  /** With no answers left: lingers, or parks. False when answers came meanwhile. */
  #rest(nowMs: number, hasRead: boolean): boolean {
    if (nowMs < this.#lingerUntilMs && this.#isWorthLingering()) {
      this.#drainLater();
      return true;
    }
    const { dispatcher, workers } = this.#deps;
    const wakesBySelf = hasRead && dispatcher.longestBacklogMs > WAKE_MS;
    if (wakesBySelf) this.#deps.parking.parkUntilTimer();
    else this.#deps.parking.parkUntilRung();
    if (workers.all.every((worker) => worker.results.isEmpty)) {
      if (wakesBySelf) this.#wakeLater();
      workers.watchIdle();
      return true;
    }
    // whichever side lowers the word: this one looks again, a ring comes for nothing
    this.#deps.parking.leave();
    return false;
  }

  #wakeLater(): void {
    if (this.#wakeTimer === undefined) this.#wakeTimer = outsideRequests(setTimeout, this.#wake, WAKE_MS).unref();
    else this.#wakeTimer.refresh();
  }

  /** Where it was rung meanwhile, and parked anew, it may look too early, or for nothing. */
  readonly #wake = (): void => {
    this.#deps.parking.leave();
    this.drain();
  };

  #isWorthLingering(): boolean {
    for (const { inFlight } of this.#deps.workers.all)
      if (inFlight.taken > 0 && inFlight.backlogTicks < LINGER_BACKLOG_TICKS) return true;
    return false;
  }

  /** Looks, while jobs wait at workers, whether these get on. */
  #watch(): void {
    const { dispatcher } = this.#deps;
    if (this.#watchTimer !== undefined || !dispatcher.needsWatching) return;
    this.#watchTimer = outsideRequests(setTimeout, this.#onWatch, this.#watchMs + dispatcher.longestBacklogMs).unref();
  }

  /** Looks already now, as this thread is awake: the timer is for when nobody rings. */
  #lookAfter(nowMs: number): void {
    if (this.#watchTimer === undefined || nowMs - this.#watchedAtMs < this.#watchMs) return;
    this.#watchedAtMs = nowMs;
    this.#watchTimer.refresh();
    this.#deps.balance.recallStuck();
  }

  /** New jobs are looked after from the start, however rarely the older ones were looked at. */
  #restartWatch(): void {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = undefined;
    this.#watchMs = WATCH_MS;
  }

  readonly #onWatch = (): void => {
    this.#watchTimer = undefined;
    const { dispatcher, balance } = this.#deps;
    const before = dispatcher.queue.size;
    this.drain();
    balance.recallStuck();
    this.pump();
    const hasMoved = dispatcher.queue.size !== before;
    this.#watchMs = hasMoved ? WATCH_MS : Math.min(2 * this.#watchMs, LONGEST_WATCH_MS);
    this.#watch();
  };
}
