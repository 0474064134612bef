import {
  type InFlightJob,
  type InFlightJobKind,
  type InFlightJobTask,
  isPlain,
  kindOf,
  orderOf,
  seqOf,
  setOwner,
  setSeq,
  transferOf,
} from '../base/in-flight-job.js';
import { CAPACITY, MASK } from '../wire/lane/layout.js';
import type { BeginOutcome, SlotTable } from '../wire/lane/slot-table.js';
import { outranksOne, type Rank, rankOf, ranksBefore } from './rank.js';

/** The jobs of a thread that is gone. */
export interface AbandonedJobs<J> {
  /** Jobs whose code ran, or had ended without its answer being sent. */
  readonly begun: J[];
  /** Such jobs that had been asked to stop. */
  readonly cancelling: J[];
  /** Jobs that had not begun. */
  readonly waiting: J[];
}

/** The jobs that one worker was sent and has not answered, by slot. Jobs that have not begun can be taken back. */
export class InFlight<J extends InFlightJob> {
  /** How many jobs there are. */
  size = 0;
  /** How long they are expected to run in total. */
  backlogTicks = 0;
  /** The kind of all jobs since there were none, if they are plain and of one kind: then none of them outranks another. */
  onlyKind: InFlightJobKind | undefined;
  readonly #slots: SlotTable;
  readonly #jobs: (J | undefined)[] = new Array<J | undefined>(CAPACITY).fill(undefined);
  readonly #plannedTicks = new Int32Array(CAPACITY);
  /** Bounds of the sequence numbers of jobs that have not begun: inclusive start, exclusive end. */
  #firstWaiting = 0;
  #end = 0;
  /** Kind and order of the job sent last, which is the last in rank. Kept after the job has left. */
  #lastKind: InFlightJobKind | undefined;
  #lastOrder = 0;

  constructor(slots: SlotTable) {
    this.#slots = slots;
  }

  /** Whether another job still has the slot of a sequence number: an async job may outlast a round of the lane. */
  isTaken(seq: number): boolean {
    return this.#jobs[seq & MASK] !== undefined;
  }

  /**
   * A job is about to be sent: until `sent` it can only be taken back individually.
   *
   * @param plannedTicks how long the job is expected to run.
   */
  take(job: J, seq: number, plannedTicks: number): void {
    const kind = isPlain(job) ? kindOf(job) : undefined;
    if (this.size === 0) this.onlyKind = kind;
    else if (kind !== this.onlyKind) this.onlyKind = undefined;
    this.#slots.dispatch(seq);
    this.#jobs[seq & MASK] = job;
    this.#plannedTicks[seq & MASK] = plannedTicks;
    this.backlogTicks += plannedTicks;
    this.size++;
    setSeq(job, seq);
  }

  /** The entry of a job has been written, whether or not the job is still here. */
  sent(job: J, seq: number): void {
    this.#end = (seq + 1) | 0;
    if (this.#jobs[seq & MASK] === job) this.#setLast(job);
  }

  /** Lowest tier of any job here, `Infinity` if there is none. Without tiers all jobs are in tier 0: see `TieredInFlight`. */
  get lowestTier(): number {
    return this.size > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  /** Task of the job last in rank, which may have left. */
  get lastTask(): InFlightJobTask | undefined {
    return this.#lastKind?.task;
  }

  inSlot(slot: number): J | undefined {
    return this.#jobs[slot];
  }

  /** The job with a sequence number; `undefined` once it has left, or if another job has its slot. */
  find(seq: number): J | undefined {
    const job = this.#jobs[seq & MASK];
    return job !== undefined && seqOf(job) === seq ? job : undefined;
  }

  /** Removes and returns the job in a slot. */
  release(slot: number): J | undefined {
    const job = this.#jobs[slot];
    if (job === undefined) return undefined;
    this.#jobs[slot] = undefined;
    setOwner(job, undefined);
    this.size--;
    this.backlogTicks -= this.#plannedTicks[slot] ?? 0;
    if (this.size === 0) this.#setLast(undefined);
    return job;
  }

  /** Sequence number of the oldest job that has not begun, or of the next job to be sent if there is none. */
  firstWaiting(): number {
    let seq = this.#firstWaiting;
    while (seq !== this.#end && !this.#isWaiting(seq)) seq = (seq + 1) | 0;
    this.#firstWaiting = seq;
    return seq;
  }

  get hasWaiting(): boolean {
    return this.firstWaiting() !== this.#end;
  }

  get waitingCount(): number {
    let count = 0;
    for (let seq = this.firstWaiting(); seq !== this.#end; seq = (seq + 1) | 0) if (this.#isWaiting(seq)) count++;
    return count;
  }

  /** The job that will begin next, if there is one. */
  get firstWaitingJob(): J | undefined {
    return this.size === 0 ? undefined : this.find(this.firstWaiting());
  }

  /** The jobs that will begin first and last; `undefined` if none waits. */
  get waitingEnds(): { readonly first: J; readonly last: J } | undefined {
    const first = this.find(this.firstWaiting());
    const last = this.#lastBetween(this.#firstWaiting, this.#end);
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** Whether a job sent now would wait behind a job that it ranks before. */
  wouldOvertake(job: J): boolean {
    const kind = this.#lastKind;
    if (kind === undefined) return false;
    const { urgency } = kindOf(job);
    return urgency > kind.urgency || (urgency === kind.urgency && orderOf(job) < this.#lastOrder);
  }

  /** Whether a job sent now would wait behind a job that it outranks: see `outranks`. */
  wouldOutrank(job: J): boolean {
    const kind = this.#lastKind;
    return kind !== undefined && outranksOne(job, kind, this.#lastOrder);
  }

  /**
   * Takes back up to `max` jobs that have not begun and rank behind `rank`, the last sent first. Jobs that must not be sent
   * twice stay.
   */
  takeBack(rank: Rank, max: number): J[] {
    const taken: J[] = [];
    const first = this.firstWaiting();
    for (let seq = this.#end; seq !== first && taken.length < max; ) {
      seq = (seq - 1) | 0;
      const job = this.find(seq);
      if (job === undefined || transferOf(job) !== undefined) continue;
      // jobs are sent, and begun, in order: what is true of this one is true of all sent before it
      if (!ranksBefore(rank, rankOf(job)) || this.#tryTakeBack(job) === 'begun') break;
      taken.push(job);
    }
    if (taken.length > 0) this.#setLast(this.#lastBetween(first, this.#end));
    return taken;
  }

  /** Takes back one job, unless it has begun. */
  takeBackOne(job: J): BeginOutcome {
    const outcome = this.#tryTakeBack(job);
    if (outcome === 'taken back' && orderOf(job) === this.#lastOrder)
      this.#setLast(this.#lastBetween(this.firstWaiting(), this.#end));
    return outcome;
  }

  /** Removes and returns all jobs of a thread that is gone. */
  abandon(): AbandonedJobs<J> {
    const jobs: AbandonedJobs<J> = { begun: [], cancelling: [], waiting: [] };
    for (const job of this) {
      const seq = seqOf(job);
      const outcome = this.#slots.takeBack(seq);
      const isCancelling = this.#slots.isCancelling(seq);
      this.release(seq & MASK);
      (outcome === 'taken back' ? jobs.waiting : isCancelling ? jobs.cancelling : jobs.begun).push(job);
    }
    return jobs;
  }

  *[Symbol.iterator](): Generator<J> {
    for (const job of this.#jobs) if (job !== undefined) yield job;
  }

  #setLast(job: J | undefined): void {
    this.#lastKind = job === undefined ? undefined : kindOf(job);
    this.#lastOrder = job === undefined ? 0 : orderOf(job);
  }

  #tryTakeBack(job: J): BeginOutcome {
    const seq = seqOf(job);
    const outcome = this.#slots.takeBack(seq);
    if (outcome === 'taken back') this.release(seq & MASK);
    return outcome;
  }

  #lastBetween(first: number, end: number): J | undefined {
    for (let seq = end; seq !== first; ) {
      seq = (seq - 1) | 0;
      const job = this.find(seq);
      if (job !== undefined) return job;
    }
    return undefined;
  }

  #isWaiting(seq: number): boolean {
    const job = this.#jobs[seq & MASK];
    return job !== undefined && seqOf(job) === seq && this.#slots.isWaiting(seq);
  }
}
