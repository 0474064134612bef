import { now } from '../../base/clock.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import { isBefore, outranks, type Rank, rankOf } from '../../host/in-flight.js';
import { isPlain, isSettled, type Job, kindOf, placeOf } from '../../jobs/job.js';
import { taskOf, transferOf, urgencyOf } from '../../jobs/job-engine.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import type { Ledger } from '../ledger.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import { JobQueue } from './job-queue.js';
import type { Reserve } from './reserve.js';
import { isOrdered, mayWait, plannedTicks, WINDOW_TICKS } from './run-estimate.js';

/** Jobs that go to one worker before the next is looked at. */
const MAX_CHUNK = 1024;
/** So many jobs may wait at a worker where they make more than a window. */
const AHEAD = 4;
/** Jobs that are sent at once behind an urgent one, for each worker. */
const BEHIND_URGENT = 64;
/** For so long, at most, they wait for its answer. */
const HURRY_MS = 2;
/** A backlog smaller than this is not worth sharing with an idle worker. */
const SHARE_TICKS = 0.1 * TICKS_PER_MS;
/** Jobs go in convoys where so many of them are not worth sharing. */
const FEWEST_DIRECT = 8;
/** What is in a convoy, at most: half a window. The longer it is, the fewer workers have to be woken. */
const DIRECT_DISPATCH_TICKS = WINDOW_TICKS / 2;
/** A worker that has not answered for so much longer than all it was sent should take is not sent more ahead. */
const OVERDUE_MS = 0.02;
/** Every worker is below it: see `Reserve`. */
const NO_BAR = Number.POSITIVE_INFINITY;
/** Ranks before every job. */
const FIRST_RANK: Rank = { urgency: Number.POSITIVE_INFINITY, order: 0 };

/**
 * Decides which job goes to which worker, and what comes back. Only `#send` takes a job off the queue to run it.
 *
 * Jobs are sent ahead, as many as are expected to take a millisecond, so that one wake-up serves hundreds; what a worker
 * has not begun is taken back when a more urgent job comes, when another worker is idle, or when the worker does not get on.
 *
 * Nothing is sent ahead to one worker while a job that outranks it waits at another: so none begins before it (I4).
 */
export class Dispatcher {
  readonly queue = new JobQueue<Job>();
  /** A job that comes need not be looked at before its batch is sent if it is no more urgent than this: it waits behind another. */
  calm = Number.NEGATIVE_INFINITY;
  readonly #ledger: Ledger;
  readonly #workers: WorkerSet;
  readonly #reserve: Reserve | undefined;
  #isPaused = false;
  #isFeeding = false;
  /** How many jobs `feed` may still send. */
  #toSend = 0;
  /** The last job that went ahead of others to a worker, until it has settled, and when it did. */
  #urgent: Job | undefined;
  #urgentSinceMs = 0;
  /** When the last look at the workers began. */
  #nowMs = 0;
  /** Jobs of this kind go to this worker as they come, and so many more of them. */
  #directKind: ReturnType<typeof kindOf> | undefined;
  #directWorker: PoolWorker | undefined;
  #directLeft = 0;
  /** Jobs were taken back for a worker that is free: others are to have their share of them. */
  #isTail = false;
  /** A job is being written, which may run foreign code: getters of its arguments. Nothing else is sent meanwhile. */
  #isSending = false;

  constructor(ledger: Ledger, workers: WorkerSet, reserve: Reserve | undefined) {
    this.#ledger = ledger;
    this.#workers = workers;
    this.#reserve = reserve;
  }

  /** All jobs that wait to run or run. */
  *unsettled(): Generator<Job> {
    yield* this.queue;
    for (const worker of this.#workers.all) yield* worker.inFlight;
  }

  get activeCount(): number {
    let count = 0;
    for (const { inFlight } of this.#workers.all) count += inFlight.taken - inFlight.waitingCount;
    return count;
  }

  /** Whether there is something to send, and leave to. */
  get isDue(): boolean {
    return this.queue.size > 0 && !this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
    this.calm = Number.POSITIVE_INFINITY;
    this.recallAll();
  }

  /** Takes all back that no worker has begun. */
  recallAll(): void {
    for (const worker of this.#workers.all) this.recall(worker);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  resume(): void {
    this.#isPaused = false;
    this.calmDown();
  }

  /** How many more workers the queue would keep busy; and those that are kept from it, which are to be there when needed. */
  get wantedWorkers(): number {
    let coming = 0;
    const first = this.queue.peek();
    // what is to be moved goes to an idle worker while there can be one: it could not be taken back from a blocked one
    const needsIdle = first !== undefined && transferOf(first) !== undefined;
    for (const worker of this.#workers.all)
      if (worker.isComing || (needsIdle ? worker.isIdle : worker.isFree)) coming++;
    const kept = first === undefined ? 0 : (this.#reserve?.keptFrom(first) ?? 0);
    return Math.max(0, this.queue.size + kept - coming);
  }

  /** Sends the most urgent jobs, each to the worker that will come to it first, until none may take more. */
  feed(): void {
    // called back by the getter of an argument: the outer call goes on
    if (this.#isFeeding || this.#isSending) return;
    this.#isFeeding = true;
    this.#nowMs = now();
    try {
      this.#toSend = this.#mostToSend();
      this.#isTail = false;
      this.#recallEarly();
      while (this.#toSend > 0 && this.#feedOne());
    } finally {
      this.#isFeeding = false;
    }
  }

  /** To be called when the queue, or what workers have, may have changed: sets `calm`. */
  calmDown(): void {
    this.calm = this.#isPaused ? Number.POSITIVE_INFINITY : this.#firstUrgency();
  }

  #firstUrgency(): number {
    const first = this.queue.peek();
    return first === undefined ? Number.NEGATIVE_INFINITY : urgencyOf(first);
  }

  /**
   * Some job has come that may be the next: sends at once what would begin at once, and takes back what it outranks. The
   * rest is sent with its batch.
   */
  hasten(): void {
    if (this.#isFeeding || this.#isSending) return;
    this.#isFeeding = true;
    this.#nowMs = now();
    this.#toSend = Number.POSITIVE_INFINITY;
    try {
      this.#recallEarly();
      while (this.#hastenOne());
    } finally {
      this.#isFeeding = false;
    }
    this.calmDown();
  }

  #hastenOne(): boolean {
    const job = this.queue.peek();
    if (job === undefined || this.#isPaused) return false;
    const free = this.#pickFree(job);
    if (free !== undefined) return this.#recallBefore(free, job) || this.#sendChunk(free, job, 1);
    let isAnyTaken = false;
    for (const worker of this.#workers.all)
      if (worker.inFlight.wouldOvertake(job) && this.#takeBack(worker, rankOf(job), Number.POSITIVE_INFINITY) > 0)
        isAnyTaken = true;
    const worker = this.#pick(job);
    if (worker === undefined) return false;
    // one that has nothing to go on with is to have something, as this thread may be busy from now on
    const isNeeded = isAnyTaken || !worker.isReady || !worker.inFlight.hasWaiting;
    return isNeeded && this.#sendChunk(worker, job, 1);
  }

  /**
   * Many jobs come, one by one, and none waits. From now on those that are short and like this one need not pass through the
   * queue: they go in convoys, each to the worker that would be sent the next one. Until `publish`.
   */
  planDirectDispatch(job: Job, nowMs: number): void {
    const kind = kindOf(job);
    const isShort = plannedTicks(kind.task) * FEWEST_DIRECT <= SHARE_TICKS;
    if (!isShort || this.queue.size > 0 || this.#isPaused || this.#reserve !== undefined) return;
    this.#nowMs = nowMs;
    this.#directKind = kind;
    this.#directLeft = 0;
  }

  /** Sends a job that has just come, if it may go with a convoy. Else it has to queue. */
  follow(job: Job): boolean {
    if (kindOf(job) !== this.#directKind) {
      this.#directKind = undefined;
      return false;
    }
    if (this.queue.size > 0 || this.#isPaused || this.#isSending || !isPlain(job)) return false;
    if (this.#directLeft === 0 && !this.#beginDirectDispatch(job)) return false;
    const worker = this.#directWorker;
    if (worker === undefined || !worker.isReady || !this.#send(worker, job)) return false;
    this.#directLeft--;
    if (worker.hasSentSlowly) this.publish();
    return true;
  }

  /** Lets workers see what they were sent by convoys. */
  publish(): void {
    if (this.#directKind === undefined && this.#directWorker === undefined) return;
    this.#directKind = undefined;
    this.#directWorker = undefined;
    for (const worker of this.#workers.all) if (worker.publish()) this.recall(worker);
  }

  #beginDirectDispatch(job: Job): boolean {
    const worker = this.#pick(job);
    if (worker === undefined || worker.inFlight.wouldOvertake(job) || this.#waitsBehind(worker, job)) return false;
    this.#directWorker = worker;
    const windowTicks = WINDOW_TICKS * worker.concurrency - worker.inFlight.backlogTicks;
    this.#directLeft = Math.ceil(Math.min(DIRECT_DISPATCH_TICKS, windowTicks) / plannedTicks(taskOf(job)));
    return this.#directLeft > 0;
  }

  /** An idle worker is to be given half of what another has not begun (I3): takes it back. False where there is none. */
  share(): boolean {
    let isAnyFree = false;
    let isAnyEarly = false;
    let busiest: PoolWorker | undefined;
    for (const worker of this.#workers.all) {
      const { inFlight } = worker;
      if (!inFlight.hasWaiting) isAnyFree ||= worker.isFree;
      else if (worker.state === 'starting') isAnyEarly = true;
      else if (inFlight.backlogTicks > (busiest?.inFlight.backlogTicks ?? SHARE_TICKS)) busiest = worker;
    }
    if (!isAnyFree) return false;
    if (isAnyEarly && this.#recallEarly()) return true;
    if (busiest === undefined) return false;
    if (this.#reserve !== undefined) return this.#shareReserved(this.#reserve);
    const ends = busiest.inFlight.waitingEnds;
    // its last ones go, but not before those that outrank them
    const isMixed = ends !== undefined && outranks(ends.first, ends.last);
    return (
      this.#takeBack(
        busiest,
        FIRST_RANK,
        isMixed ? Number.POSITIVE_INFINITY : (busiest.inFlight.waitingCount + 1) >> 1,
      ) > 0
    );
  }

  /** The same where not every free worker may be given every job. */
  #shareReserved(reserve: Reserve): boolean {
    const free = this.#workers.all.filter(({ isFree, inFlight }) => isFree && !inFlight.hasWaiting);
    const busy = this.#workers.all.filter(({ inFlight }) => inFlight.hasWaiting && inFlight.backlogTicks > SHARE_TICKS);
    busy.sort((a, b) => b.inFlight.backlogTicks - a.inFlight.backlogTicks);
    for (const worker of busy) {
      const ends = worker.inFlight.waitingEnds;
      if (ends === undefined || !free.some((other) => reserve.mayTake(other, ends.first))) continue;
      // those that may not go are the last, which are taken back first: then all are
      const isHalf = reserve.areAlike(ends.first, ends.last) && !outranks(ends.first, ends.last);
      const max = isHalf ? (worker.inFlight.waitingCount + 1) >> 1 : Number.POSITIVE_INFINITY;
      if (this.#takeBack(worker, FIRST_RANK, max) > 0) return true;
    }
    return false;
  }

  /** Takes what a worker has not begun back into the queue. */
  recall(worker: PoolWorker): void {
    this.#takeBack(worker, FIRST_RANK, Number.POSITIVE_INFINITY);
  }

  /**
   * Whether workers must be looked at again, as nobody will ring: some job waits at one, or jobs wait for one that is held,
   * or was until just now, or whose lane is full of what was taken back.
   */
  get needsWatching(): boolean {
    for (const worker of this.#workers.all) {
      if (!worker.isReady) continue;
      if (worker.inFlight.hasWaiting) return true;
      if (!this.isDue) continue;
      if ((worker.isFree && this.#isOpenToFirst(worker)) || worker.isHeld || worker.isBlocked || !worker.hasRoom)
        return true;
    }
    return false;
  }

  /** After how many ms, at most, a worker should be done with all it was sent. */
  get longestBacklogMs(): number {
    let ticks = 0;
    for (const { inFlight } of this.#workers.all) ticks = Math.max(ticks, inFlight.backlogTicks);
    return ticks / TICKS_PER_MS;
  }

  /** Takes back what waits behind jobs that run far longer than expected, for whichever worker is free first. */
  recallStuck(): void {
    this.#nowMs = now();
    for (const worker of this.#workers.all) {
      if (!worker.inFlight.hasWaiting) continue;
      const first = worker.inFlight.firstWaiting();
      if (first === worker.watchedSeq && this.#isOverdue(worker)) {
        worker.hold();
        this.recall(worker);
      }
      worker.watchedSeq = first;
    }
  }

  /** Sends some jobs to one worker. False when no worker may take any. */
  #feedOne(): boolean {
    const { queue } = this;
    const job = queue.peek();
    if (job === undefined || this.#isPaused) return false;
    this.#clearTheWay(job);
    const worker = this.#pick(job);
    if (worker === undefined) return false;
    if (this.#recallBefore(worker, job)) return true;
    const count = this.#isTail ? queue.firstLevelSize : queue.size;
    return this.#sendChunk(worker, job, Math.min(MAX_CHUNK, Math.ceil(count / this.#workers.all.length)));
  }

  /** Takes back, for a worker that is free, what outranks the job it would be given and waits at others. False where nothing does. */
  #recallBefore(worker: PoolWorker, job: Job): boolean {
    if (!this.#waitsBehind(worker, job)) return false;
    let isAnyTaken = false;
    for (const other of this.#workers.all)
      if (isBehindIn(other, worker, job) && this.#takeBack(other, FIRST_RANK, Number.POSITIVE_INFINITY) > 0)
        isAnyTaken = true;
    this.#isTail ||= isAnyTaken;
    return isAnyTaken;
  }

  /** Takes back what waits at workers that start, for one that is up and would come to it sooner. */
  #recallEarly(): boolean {
    let isAnyTaken = false;
    for (const worker of this.#workers.all) {
      if (worker.state !== 'starting') continue;
      const first = worker.inFlight.firstWaitingJob;
      if (first === undefined || !this.#workers.all.some((other) => this.#canTake(other, first))) continue;
      if (this.#takeBack(worker, FIRST_RANK, Number.POSITIVE_INFINITY) > 0) isAnyTaken = true;
    }
    return isAnyTaken;
  }

  /**
   * Sends the first job, and those behind it that fit in the window. One that takes long to send goes off alone, so that its
   * worker runs it while the next, for another, is sent. False when the worker had no room even for one.
   */
  #sendChunk(worker: PoolWorker, first: Job, chunk: number): boolean {
    const reserve = this.#reserve;
    const isOnly = this.#workers.all.length === 1;
    let sent = 0;
    let job: Job | undefined = first;
    do {
      const isUrgent = worker.inFlight.wouldOvertake(job);
      if (isUrgent) this.#takeBack(worker, rankOf(job), Number.POSITIVE_INFINITY);
      this.queue.remove(job);
      if (!this.#send(worker, job)) {
        this.queue.insert(job);
        break;
      }
      if (isUrgent) this.#hurry(worker, job);
      sent++;
      this.#toSend--;
      job = this.queue.peek();
    } while (
      sent < chunk &&
      this.#toSend > 0 &&
      !worker.hasSentSlowly &&
      job !== undefined &&
      !this.#isPaused && // by the getter of an argument
      transferOf(job) === undefined &&
      worker.isReady &&
      isInWindow(worker, job) &&
      (isOnly || !outranks(first, job)) &&
      (reserve === undefined || reserve.mayTake(worker, job))
    );
    if (worker.publish()) this.recall(worker); // it blocks since
    return sent > 0;
  }

  /** An urgent job was sent: it goes before those behind it are written, and most of these wait until it has settled. */
  #hurry(worker: PoolWorker, job: Job): void {
    worker.publish();
    this.#urgent = job;
    this.#urgentSinceMs = this.#nowMs;
    this.#toSend = Math.min(this.#toSend, this.#mostToSend());
  }

  /** So that answers are looked for soon while an urgent job runs that is short. */
  #mostToSend(): number {
    if (this.#urgent === undefined || this.#nowMs - this.#urgentSinceMs > HURRY_MS) return Number.POSITIVE_INFINITY;
    return BEHIND_URGENT * this.#workers.all.length;
  }

  /** Whether an urgent job has settled since the last look: who awaits it is not to wait for the answers of others. */
  takeUrgentSettled(): boolean {
    if (this.#urgent === undefined || !isSettled(this.#urgent)) return false;
    this.#urgent = undefined;
    return true;
  }

  #send(worker: PoolWorker, job: Job): boolean {
    this.#isSending = true;
    try {
      return worker.send(job, plannedTicks(taskOf(job)));
    } catch (error) {
      this.#failToSend(worker, job, error);
      return true;
    } finally {
      this.#isSending = false;
    }
  }

  /** An argument cannot cross. A getter of it may have cancelled the job already, or taken it back. */
  #failToSend(worker: PoolWorker, job: Job, error: unknown): void {
    const isHere = placeOf(job) === worker ? worker.inFlight.takeBackOne(job) : this.queue.remove(job);
    if (isHere) this.#ledger.settle(job, 'FAILED', { outcome: error });
  }

  /** The worker that will come to the job first. */
  #pick(job: Job): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    const bar = this.#reserve?.barFor(job) ?? NO_BAR;
    for (const worker of this.#workers.all) {
      if (!this.#canTake(worker, job) || (bar !== NO_BAR && worker.inFlight.lowestTier > bar)) continue;
      if (worker.isIdle) return worker;
      if (best === undefined || worker.inFlight.backlogTicks < best.inFlight.backlogTicks) best = worker;
    }
    return best ?? this.#pickEarly(job);
  }

  /** A worker that would begin the job at once. */
  #pickFree(job: Job): PoolWorker | undefined {
    let free: PoolWorker | undefined;
    const bar = this.#reserve?.barFor(job) ?? NO_BAR;
    for (const worker of this.#workers.all) {
      if (!worker.isFree || !this.#canTake(worker, job) || (bar !== NO_BAR && worker.inFlight.lowestTier > bar))
        continue;
      if (worker.isIdle) return worker;
      free ??= worker;
    }
    return free;
  }

  /** A worker that starts, and would begin the job as soon as it is up. None for what could not be taken back from it. */
  #pickEarly(job: Job): PoolWorker | undefined {
    if (transferOf(job) !== undefined) return undefined;
    const bar = this.#reserve?.barFor(job) ?? NO_BAR;
    return this.#workers.all.find(
      (worker) =>
        worker.takesEarly && (bar === NO_BAR || worker.inFlight.lowestTier <= bar) && !this.#waitsBehind(worker, job),
    );
  }

  #canTake(worker: PoolWorker, job: Job): boolean {
    if (!worker.isReady || !worker.hasRoom || worker.isBlocked) return false;
    if (worker.isIdle) return true;
    if (transferOf(job) !== undefined) return worker.isFree && this.#workers.isFull;
    if (worker.isFree) return true;
    if (worker.isHeld || this.#isOverdue(worker)) return false;
    // those that it ranks before will be taken back, and make room
    if (!isInWindow(worker, job) && !(worker.inFlight.hasWaiting && worker.inFlight.wouldOvertake(job))) return false;
    return !this.#waitsBehind(worker, job);
  }

  /** Whether a job that outranks this one waits at another worker than the one it would be sent to. */
  #waitsBehind(worker: PoolWorker, job: Job): boolean {
    for (const other of this.#workers.all) if (isBehindIn(other, worker, job)) return true;
    return false;
  }

  /** What the job outranks goes back, wherever it waits. Where a worker is overdue nothing behind the job may be the first to run when it gets on. */
  #clearTheWay(job: Job): void {
    for (const worker of this.#workers.all) {
      if (worker.inFlight.wouldOutrank(job)) this.#takeBack(worker, rankOf(job), Number.POSITIVE_INFINITY);
      if (!worker.inFlight.wouldOvertake(job) || !this.#isOverdue(worker)) continue;
      worker.hold();
      this.recall(worker);
    }
  }

  /** Whether a worker may be given the job that is next. */
  #isOpenToFirst(worker: PoolWorker): boolean {
    const first = this.queue.peek();
    return first === undefined || this.#reserve === undefined || this.#reserve.mayTake(worker, first);
  }

  #isOverdue(worker: PoolWorker): boolean {
    return this.#nowMs - worker.progressAtMs > worker.inFlight.backlogTicks / TICKS_PER_MS + OVERDUE_MS;
  }

  #takeBack(worker: PoolWorker, rank: Rank, max: number): number {
    const taken = worker.inFlight.takeBack(rank, max);
    for (const job of taken) this.queue.insert(job);
    return taken.length;
  }
}

/** Whether the worker would have no more than the window's work with the job, or no more than a few waiting, behind short ones. */
function isInWindow({ inFlight, concurrency }: PoolWorker, job: Job): boolean {
  if (inFlight.backlogTicks + plannedTicks(taskOf(job)) <= WINDOW_TICKS * concurrency) return true;
  if (inFlight.taken >= concurrency + AHEAD || !mayWait(taskOf(job))) return false;
  return inFlight.lastTask === undefined || mayWait(inFlight.lastTask as TaskRef); // of a job of ours
}

/**
 * Whether a job at `other` has to begin before this one can at `worker`. Not the only one of a worker that is up: nothing is in
 * its way.
 */
function isBehindIn(other: PoolWorker, worker: PoolWorker, job: Job): boolean {
  if (other === worker || (other.isReady && other.inFlight.taken === 1)) return false;
  const first = other.inFlight.firstWaitingJob;
  if (first === undefined) return false;
  return outranks(first, job) || (isOrdered(taskOf(first), taskOf(job)) && isBefore(rankOf(first), rankOf(job)));
}
