import type { Beginning, JobExtras, Moment, SubmitTime } from './job-extras.js';
import type { JobKind, OwnerRef } from './job-kind.js';
import type { JobOptions } from './job-options.js';
import type { JobPlace } from './job-place.js';
import type { SettledState } from './job-state.js';

/** A Job, as the engine's functions take it. */
export interface JobHandle {
  readonly id: number;
  readonly name: string;
  cancel(reason?: unknown): boolean;
}

/** The pool a job was submitted to, as the job sees it. */
export interface JobOwner {
  cancelJob(job: JobHandle, reason: unknown): boolean;
  reprioritise(job: JobHandle, priority: number): boolean;
}

/** What the code of a cancelled job still returned. */
export interface Late {
  readonly result: unknown;
}

/** What the class lets the engine do with its jobs. */
export interface JobAccess<J extends JobHandle = JobHandle> {
  /** What it shares with jobs that are alike. */
  kindOf(job: J): JobKind<JobOwner>;
  isSettled(job: J): boolean;
  /** Whether a worker is told nothing of it but its arguments. */
  isPlain(job: J): boolean;
  /** Whether it has options besides a priority. */
  hasOptions(job: J): boolean;
  /** What it was submitted with, until it has settled. */
  optionsOf(job: J): JobOptions;
  /** Its place among equals: the order of submission, negative where it went ahead of them. */
  orderOf(job: J): number;
  /** Where it is; `undefined` before it is submitted, and once it has settled without a run. */
  placeOf(job: J): JobPlace | undefined;
  setPlace(job: J, place: JobPlace | undefined): void;
  /**
   * Its number where it is: in a level of the queue, or in the lane of the worker it was sent to. Once it has settled, for how
   * many ticks its code ran.
   */
  seqOf(job: J): number;
  /**
   * Gives it a pool, and its place among equals there: a number greater than `last`, the greatest that a job of the pool has.
   * Returns the number.
   */
  submittedTo(job: J, owner: OwnerRef<JobOwner>, arrival: SubmitTime, last: number): number;
  begunAttempts(job: J): number;
  /** How long it waited until its code began. */
  waitedTicks(job: J, beginning: Beginning): number;
  /** Its code has ended. */
  ran(job: J, run: JobPlace, waited: number, ranTicks: number): void;
  /** An attempt has failed, and another follows: it is PENDING again. */
  again(job: J, moment: Moment): void;
  /** Since when it waits for its turn, in ms of `now()`, while it is in the queue. */
  queuedFromMs(job: J): number;
  /** Nothing holds it back any more. It ages from now on; or on, where an attempt of it has run. */
  queuedFrom(job: J, arrival: SubmitTime): void;
  moveTo(job: J, priority: number): void;
  /**
   * Ends the job, with its result or its error. Called once: by the ledger, or by `cancel` before it has a pool.
   *
   * @param late what the code of a cancelled job still returned.
   */
  settle(job: J, state: SettledState, outcome: unknown, late?: Late): void;
  /** Its error, for who does not count as somebody that looks at it. */
  failureOf(job: J): unknown;
  /** What it has besides its fields, if anything. */
  extrasIn(job: J): JobExtras | undefined;
  /** The same, made where there is nothing yet. */
  extrasOf(job: J): JobExtras;
  /** Its arguments until it settles. Then its result or, where it did not complete, the error: see `failureOf`. */
  contentOf(job: J): unknown;
}

// What the engine does with a job: the functions below, and those of `job-engine.ts` that are made of them. The class gives
// them to this module rather than to whoever holds a job: a call of `job.settle` would forge a result. As functions over
// private fields they cost a job no field, as private methods would.

export let kindOf: JobAccess['kindOf'];
export let isSettled: JobAccess['isSettled'];
export let isPlain: JobAccess['isPlain'];
export let hasOptions: JobAccess['hasOptions'];
export let optionsOf: JobAccess['optionsOf'];
export let orderOf: JobAccess['orderOf'];
export let placeOf: JobAccess['placeOf'];
export let setPlace: JobAccess['setPlace'];
export let seqOf: JobAccess['seqOf'];
export let submittedTo: JobAccess['submittedTo'];
export let begunAttempts: JobAccess['begunAttempts'];
export let waitedTicks: JobAccess['waitedTicks'];
export let ran: JobAccess['ran'];
export let again: JobAccess['again'];
export let queuedFromMs: JobAccess['queuedFromMs'];
export let queuedFrom: JobAccess['queuedFrom'];
export let moveTo: JobAccess['moveTo'];
export let settle: JobAccess['settle'];
export let failureOf: JobAccess['failureOf'];
export let extrasIn: JobAccess['extrasIn'];
export let extrasOf: JobAccess['extrasOf'];
export let contentOf: JobAccess['contentOf'];

/** To be called once, by the class. */
export function giveJobAccess(access: JobAccess): void {
  ({
    kindOf,
    isSettled,
    isPlain,
    hasOptions,
    optionsOf,
    orderOf,
    placeOf,
    setPlace,
    seqOf,
    submittedTo,
    begunAttempts,
    waitedTicks,
    ran,
    again,
    queuedFromMs,
    queuedFrom,
    moveTo,
    settle,
    failureOf,
    extrasIn,
    extrasOf,
    contentOf,
  } = access);
}
