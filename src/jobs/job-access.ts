import type { Beginning, JobExtras, Moment, SubmitTime } from './job-extras.js';
import type { JobKind, PoolRef } from './job-kind.js';
import type { JobOptions } from './job-options.js';
import type { JobOwner } from './job-owner.js';
import type { SettledState } from './job-state.js';

/** A `Job`, as the engine's functions take it. */
export interface JobHandle {
  readonly id: number;
  readonly name: string;
  cancel(reason?: unknown): boolean;
}

/** The pool a job was submitted to, as the job sees it. */
export interface JobPool {
  cancelJob(job: JobHandle, reason: unknown): boolean;
  reprioritise(job: JobHandle, priority: number): boolean;
}

/** The result of a cancelled job whose code returned after all. */
export interface Late {
  readonly result: unknown;
}

/** The operations that the `Job` class gives to the engine. */
export interface JobAccess<J extends JobHandle = JobHandle> {
  /** The part of its state that the job shares with similar jobs. */
  kindOf(job: J): JobKind<JobPool>;
  isSettled(job: J): boolean;
  /** Whether a worker gets nothing but the job's arguments. */
  isPlain(job: J): boolean;
  /** Whether the job has options besides a priority. */
  hasOptions(job: J): boolean;
  /** The options the job was made with; empty once it has settled. */
  optionsOf(job: J): JobOptions;
  /** The job's position among equals: the order of submission, negated if it goes ahead of them. */
  orderOf(job: J): number;
  /** What has the job now; `undefined` before it is submitted, or if it settled without a run. */
  ownerOf(job: J): JobOwner | undefined;
  setOwner(job: J, owner: JobOwner | undefined): void;
  /**
   * The number by which the owner knows the job: in a level of the queue, or in the lane of the worker it was sent to.
   * Once the job has settled: how long its code ran, in ticks.
   */
  seqOf(job: J): number;
  /**
   * Gives the job a pool and a position among equals there. Returns that position: a number greater than `last`, the
   * greatest of any job of the pool.
   */
  submittedTo(job: J, pool: PoolRef<JobPool>, arrival: SubmitTime, last: number): number;
  begunAttempts(job: J): number;
  /** How long the job waited until its code began, in ticks. */
  waitedTicks(job: J, beginning: Beginning): number;
  /** Records that the job's code has ended. */
  ran(job: J, run: JobOwner, waited: number, ranTicks: number): void;
  /** Makes the job PENDING again, as an attempt has failed and another follows. */
  again(job: J, moment: Moment): void;
  /** Since when the job, while in the queue, has been ready to run, in ms of `now()`. */
  queuedFromMs(job: J): number;
  /** Records that nothing defers the job any longer. Ageing starts from now, unless an attempt has already run. */
  queuedFrom(job: J, arrival: SubmitTime): void;
  moveTo(job: J, priority: number): void;
  /**
   * Settles the job with its result or error. Called once: by the ledger, or by `cancel` before the job has a pool.
   *
   * @param late the result of a cancelled job whose code returned after all.
   */
  settle(job: J, state: SettledState, outcome: unknown, late?: Late): void;
  /** The job's error, for internal use: does not count as a look at the outcome. */
  failureOf(job: J): unknown;
  /** The state the job has besides its fields, if any. */
  extrasIn(job: J): JobExtras | undefined;
  /** Like `extrasIn`, but makes the extras if there are none. */
  extrasOf(job: J): JobExtras;
  /** The job's arguments until it settles; then its result, or its error if it did not complete: see `failureOf`. */
  contentOf(job: J): unknown;
}

// What the engine does with a job: the functions below, and those of `job-engine.ts`, which are built on them. The
// class gives them to this module instead of having methods, as user code could forge a result by calling `job.settle`.
// Unlike private methods, functions over private fields cost a job no field.

export let kindOf: JobAccess['kindOf'];
export let isSettled: JobAccess['isSettled'];
export let isPlain: JobAccess['isPlain'];
export let hasOptions: JobAccess['hasOptions'];
export let optionsOf: JobAccess['optionsOf'];
export let orderOf: JobAccess['orderOf'];
export let ownerOf: JobAccess['ownerOf'];
export let setOwner: JobAccess['setOwner'];
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

/** Called once, by the class. */
export function giveJobAccess(access: JobAccess): void {
  ({
    kindOf,
    isSettled,
    isPlain,
    hasOptions,
    optionsOf,
    orderOf,
    ownerOf,
    setOwner,
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
