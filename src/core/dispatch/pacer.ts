import { outsideRequests } from '../../base/async-context.js';
import { now, queueMicrotask, setImmediate, setTimeout } from '../../base/clock.js';
import {
  hasMoreStackRoom,
  hasMuchStackRoom,
  hasStackRoom,
  needMuchStackRoom,
  needStackRoom,
} from '../../base/stack-room.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import type { MainParking } from '../../host/main-parking.js';
import type { Job } from '../../jobs/job.js';
import { orderOf } from '../../jobs/job-access.js';
import { urgencyOf } from '../../jobs/job-engine.js';
import type { Ledger } from '../ledger.js';
import type { IdleReaper } from '../workers/idle-reaper.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Backlog } from './backlog.js';
import type { Balance } from './balance.js';
import type { DirectDispatch } from './direct-dispatch.js';
import type { Dispatcher } from './dispatcher.js';
import { StallWatch } from './stall-watch.js';

/**
 * How many submissions, or how much time, until a long synchronous run of them sends jobs and reads answers: before
 * workers, which get up to a thousand short jobs each, have run theirs. Otherwise a backlog grows, which costs more
 * than anything else, as the garbage collector copies its arguments.
 */
const PUMP_EVERY = 512;
const PUMP_EVERY_MS = 0.5;
/** How many submissions until the clock is read again: a power of 2. */
const CLOCK_EVERY = 64;
/** Most entries read from one worker before the next worker's are. */
const DRAIN_BATCH = 256;
/** Longest time for which answers are read before the event loop turns. */
const YIELD_MS = 0.5;
/** How long this thread polls for answers after short jobs were sent, before it waits for a ring. */
const LINGER_MS = 0.05;
/**
 * How long this thread spins for the answer of a short job that it has sent alone, before it returns to the event loop: a turn
 * of the loop takes longer than the whole round trip. See docs/decisions/0026-spin-for-a-job-alone.md.
 */
const SPIN_MS = 0.005;
/** Longest job worth spinning for. */
const SPIN_TICKS = 0.003 * TICKS_PER_MS;
/** How often the lane is polled until the clock is read again. */
const SPIN_POLLS = 32;
/** How many batches at most do not spin after some have spun in vain: they double with each, up to this power of 2. */
const MOST_SKIPPED_BITS = 6;
/** Longest backlog worth lingering for. */
const LINGER_BACKLOG_TICKS = 0.05 * TICKS_PER_MS;
/**
 * If workers have more to do than this, a timer polls for answers at this interval, as long as some arrive: a timer
 * wakes one thread, a ring occupies two.
 */
const WAKE_MS = 2;
/** How many of a pool's first batches need much room on the stack: code that has not run yet is compiled first. */
const COLD_BATCHES = 8;

export interface PacerDeps {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly backlog: Backlog;
  readonly balance: Balance;
  readonly direct: DirectDispatch;
  readonly workers: WorkerSet;
  readonly reaper: IdleReaper;
  readonly parking: MainParking;
}

/** Decides when the main thread sends jobs and when it reads answers: in batches, without holding its event loop up. */
export class Pacer {
  readonly #deps: PacerDeps;
  readonly #dispatcher: Dispatcher;
  readonly #direct: DirectDispatch;
  #isPumpScheduled = false;
  /** How many more batches may run code of this pool that has not run yet. */
  #coldBatches = COLD_BATCHES;
  #isDrainScheduled = false;
  #isReading = false;
  /** Whether workers are being started, which may run foreign code: the option `worker`. Nothing is sent meanwhile. */
  #isStarting = false;
  /** Whether no worker needs to ring, as answers are read after this run of submissions. */
  #isAwake = false;
  #sincePump = 0;
  /** When the batch began or, if it is long, when some of it was last sent. */
  #pumpedAtMs = 0;
  #lingerUntilMs = 0;
  /** When the event loop was last asked to turn for this pool. */
  #drainScheduledMs = 0;
  /** How many spins in a row were in vain, and how many batches are not to spin because of that. */
  #vainSpins = 0;
  #spinsToSkip = 0;
  #wakeTimer: NodeJS.Timeout | undefined;
  readonly #stallWatch: StallWatch;
  #answersRead: (() => void) | undefined;

  constructor(deps: PacerDeps) {
    this.#deps = deps;
    this.#dispatcher = deps.dispatcher;
    this.#direct = deps.direct;
    this.#stallWatch = new StallWatch(deps, this);
  }

  /** Connects a receiver, which is made after this pacer: called each time answers of workers were read. */
  reportTo(answersRead: () => void): void {
    this.#answersRead = answersRead;
  }

  /**
   * Call this before a job is entered. If the job is the first of its batch, reads the clock and schedules the batch:
   * before the job, as this goes deepest. If the stack overflows there, nothing has changed.
   *
   * @throws {RangeError} if the stack is nearly full.
   */
  beginBatch(): void {
    needStackRoom();
    if (!this.#isPumpScheduled) this.#scheduleBatch();
  }

  #scheduleBatch(): void {
    if (this.#coldBatches > 0) {
      needMuchStackRoom();
      this.#coldBatches--;
    }
    this.#schedulePump();
    this.#pumpedAtMs = this.#deps.ledger.refreshClock();
  }

  /** Queues a new job behind its equals, and makes sure that it is sent. */
  enqueue(job: Job): void {
    if (!this.#direct.trySend(job)) this.#queue(job);
    this.#paceNext(job);
  }

  #queue(job: Job): void {
    const dispatcher = this.#dispatcher;
    dispatcher.queue.insert(job);
    if (urgencyOf(job) > dispatcher.earlyAbove) this.#feedEarly();
  }

  /** Queues a job that comes back, perhaps ahead of its equals, and makes sure that it is sent. */
  enqueueBefore(job: Job): void {
    this.insert(job);
    this.#feedEarly();
    this.#paceNext(job);
  }

  /** Queues a job without sending anything. Call `inserted` after it. */
  insert(job: Job): void {
    this.#dispatcher.queue.insert(job);
  }

  /** The job that was inserted may begin, unless it has settled meanwhile. */
  inserted(job: Job): void {
    if (orderOf(job) < 0 || urgencyOf(job) > this.#dispatcher.earlyAbove) this.#feedEarly();
    this.#paceNext(job);
  }

  #paceNext(job: Job): void {
    if ((++this.#sincePump & (CLOCK_EVERY - 1)) === 0 || !this.#isPumpScheduled) this.#paceBatch(job);
  }

  /** The first of a batch that no `beginBatch` has scheduled, or one of many. */
  #paceBatch(job: Job): void {
    if (this.#isPumpScheduled) this.#pumpBetween(job);
    else this.#schedulePump();
  }

  /**
   * A job has arrived that may be the next to begin: sends it now, as this thread may be busy before its batch is sent.
   * If the stack is nearly full, the job is sent with its batch: a stack overflow here would leave things half done.
   */
  #feedEarly(): void {
    const { dispatcher, backlog, workers } = this.#deps;
    if (!dispatcher.isFeedable || this.#isReading || this.#isStarting || !hasStackRoom()) return;
    if (workers.hasRoom && backlog.wantedWorkers > 0 && hasMuchStackRoom()) {
      this.#read(DRAIN_BATCH); // a worker may be free by now
      this.#startWorkersEarly();
    }
    dispatcher.feedEarly();
    if (!this.#isAwake && this.#isWorthLingering()) {
      this.#isAwake = true;
      this.#deps.parking.leave();
    }
  }

  /** Starts workers now; a failure is reported with the batch. */
  #startWorkersEarly(): void {
    this.#isStarting = true;
    try {
      const count = this.#deps.backlog.wantedWorkers;
      if (count > 0) this.#deps.workers.startEarly(count);
    } finally {
      this.#isStarting = false;
    }
  }

  #schedulePump(): void {
    queueMicrotask(this.#pumpSoon);
    this.#isPumpScheduled = true;
    this.#sincePump = 0;
  }

  /** Sends jobs and reads answers, if it is time, within a long synchronous run of submissions. */
  #pumpBetween(last: Job): void {
    const nowMs = this.#deps.ledger.refreshClock();
    if (this.#sincePump < PUMP_EVERY && nowMs - this.#pumpedAtMs < PUMP_EVERY_MS) return;
    if (!(this.#coldBatches > 0 ? hasMuchStackRoom() : hasMoreStackRoom())) return;
    this.#sincePump = 0;
    this.#pumpedAtMs = nowMs;
    this.pump();
    this.#read(2 * PUMP_EVERY);
    this.#direct.plan(last, nowMs);
  }

  /** Sends all jobs that may be sent, and starts the workers that they need. */
  pump(): void {
    const { dispatcher, backlog, workers } = this.#deps;
    if (dispatcher.isFeedable) {
      const { isCut } = backlog;
      workers.start(backlog.wantedWorkers);
      dispatcher.feed();
      if (isCut) workers.start(backlog.wantedWorkers); // for those that were behind the first
    }
    this.#direct.publish(); // last: more urgent jobs have taken back those they go before
    dispatcher.updateEarlyAbove();
    this.#stallWatch.arm();
  }

  /** Reads answers until there are none, then parks: workers ring from then on. */
  readonly drain = (): void => {
    if (this.#isDrainScheduled || this.#isReading) return;
    const { ledger, dispatcher, balance } = this.#deps;
    const startedMs = ledger.refreshClock();
    let hasRead = false;
    for (;;) {
      const count = this.#read(DRAIN_BATCH);
      if (count > 0) {
        this.#answersRead?.();
        hasRead = true;
        this.#lingerUntilMs = startedMs + LINGER_MS;
      }
      this.#stallWatch.checkIfDue(startedMs);
      if (dispatcher.isFeedable || (ledger.unsettled > 0 && balance.share())) this.pump();
      if (count === 0 && this.#rest(startedMs, hasRead)) return;
      const nowMs = ledger.refreshClock();
      if (nowMs - startedMs > YIELD_MS) {
        this.#drainLater(nowMs);
        return;
      }
    }
  };

  readonly #pumpSoon = (): void => {
    this.#isPumpScheduled = false;
    this.#stallWatch.restart();
    this.pump();
    const wasAwake = this.#isAwake;
    this.#isAwake = false;
    if (!this.#isDrainScheduled) {
      if (!wasAwake && !this.#isWorthLingering()) return;
      const nowMs = now();
      this.#lingerUntilMs = nowMs + LINGER_MS;
      this.#deps.parking.leave();
      this.#drainLater(nowMs);
    }
    if (this.#deps.ledger.unsettled === 1) this.#spin();
  };

  /**
   * Polls for the answer of a job that runs alone, and reads it as soon as it is there: without a turn of the event loop, which is
   * due all the same, so that a program that awaits one job after the other does not hold the loop up.
   */
  #spin(): void {
    if (this.#spinsToSkip > 0) {
      this.#spinsToSkip--;
      return;
    }
    const worker = this.#deps.workers.all.find(({ inFlight }) => inFlight.size > 0);
    if (worker === undefined || worker.inFlight.backlogTicks > SPIN_TICKS) return;
    const startedMs = now();
    if (startedMs - this.#drainScheduledMs > YIELD_MS) return;
    do {
      for (let polls = SPIN_POLLS; polls > 0; polls--) {
        if (worker.results.isEmpty) continue;
        this.#vainSpins = 0;
        if (this.#read(DRAIN_BATCH) > 0) this.#answersRead?.();
        return;
      }
    } while (now() - startedMs < SPIN_MS);
    this.#spinsToSkip = 2 ** Math.min(this.#vainSpins++, MOST_SKIPPED_BITS);
  }

  #drainLater(nowMs: number): void {
    this.#isDrainScheduled = true;
    this.#drainScheduledMs = nowMs;
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

  /** No answers are left: lingers, or parks. False if answers came meanwhile. */
  #rest(nowMs: number, hasRead: boolean): boolean {
    if (nowMs < this.#lingerUntilMs && this.#isWorthLingering()) {
      this.#drainLater(nowMs);
      return true;
    }
    const { backlog, workers, reaper } = this.#deps;
    const wakesByTimer = hasRead && backlog.longestMs > WAKE_MS;
    if (wakesByTimer) this.#deps.parking.parkUntilTimer();
    else this.#deps.parking.parkUntilRung();
    if (workers.all.every((worker) => worker.results.isEmpty)) {
      if (wakesByTimer) this.#wakeLater();
      reaper.watch();
      return true;
    }
    // whichever side clears the word: this one checks again, and at worst one ring is superfluous
    this.#deps.parking.leave();
    return false;
  }

  #wakeLater(): void {
    if (this.#wakeTimer === undefined) this.#wakeTimer = outsideRequests(setTimeout, this.#wake, WAKE_MS).unref();
    else this.#wakeTimer.refresh();
  }

  /** If a worker has rung meanwhile and this thread has parked again, this may come too early, or be superfluous. */
  readonly #wake = (): void => {
    this.#deps.parking.leave();
    this.drain();
  };

  #isWorthLingering(): boolean {
    for (const { inFlight } of this.#deps.workers.all)
      if (inFlight.size > 0 && inFlight.backlogTicks < LINGER_BACKLOG_TICKS) return true;
    return false;
  }
}
