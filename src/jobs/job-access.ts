import type { Mail } from '../base/in-flight-job.js';
import type { Beginning, JobExtras, SubmitTime } from './job-extras.js';
import type { JobKind, PoolRef } from './job-kind.js';
import type { JobOptions } from './job-options.js';
import type { JobOwner, Moment } from './job-owner.js';
import type { SettledState } from './job-state.js';

/** A `Job`, as the engine's functions take it. */
export interface JobHandle {
  readonly id: number;
  readonly name: string;
  cancel(reason?: unknown): boolean;
}

/**
 * What a request to stop a job finds.
 *
 * - `settled`: the code had not begun, and never will; the job has settled as the request says.
 * - `stopping`: the code runs; the job will settle as this request, or an earlier one of its kind, says.
 * - `too late`: the code has ended, or was asked to stop for another cause; the job settles by that.
 * - `shielded`: the job's own code has cancelled its token; the job settles by its own outcome.
 */
export type StopOutcome = 'settled' | 'stopping' | 'too late' | 'shielded';

/** What a change of a job's priority finds; `too late`: the code has begun. */
export type PriorityOutcome = 'changed' | 'too late';

/** What a request for another time limit finds; `too late`: the code has ended. */
export type TimeLimitOutcome = 'changed' | 'too late';

/** The pool that a job was submitted to, as the job sees it. */
export interface JobPool {
  cancelJob(job: JobHandle, reason: unknown): StopOutcome;
  reprioritise(job: JobHandle, priority: number): PriorityOutcome;
  /** @throws {NotCloneableError} if the message cannot be cloned. */
  post(job: JobHandle, mail: Mail): void;
  limitTime(job: JobHandle, timeoutMs: number): TimeLimitOutcome;
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
  // Transitions: see the table in `README.md`.

  /**
   * Gives the job a pool and a position among equals there. Returns that position: a number greater than `last`, the
   * greatest of any job of the pool.
   */
  enterPool(job: J, pool: PoolRef<JobPool>, submitTime: SubmitTime, last: number): number;
  begunAttempts(job: J): number;
  /** How long the job waited until its code began, in ticks. */
  waitedTicks(job: J, beginning: Beginning): number;
  /** Since when the job waits or waited for its code to begin; `undefined` once a run is recorded. */
  waitedSince(job: J): Moment | undefined;
  /** Records that the job's code has ended. */
  recordRun(job: J, run: JobOwner, waited: number, ranTicks: number): void;
  /** Makes the job PENDING again, as an attempt has failed and another follows. */
  returnToPending(job: J, moment: Moment): void;
  /** Since when the job, while in the queue, has been ready to run, in ms of `now()`. */
  readySinceMs(job: J): number;
  /** Records that nothing defers the job any longer. Aging starts from now, unless an attempt has already run. */
  becomeReady(job: J, submitTime: SubmitTime): void;
  changePriority(job: J, priority: number): void;
  /**
   * Settles the job with its result or error. Called once: by the ledger, or by `cancel` before the job has a pool.
   *
   * @param late the result of a cancelled job whose code returned after all.
   */
  settle(job: J, state: SettledState, outcome: unknown, late?: Late): void;
  /** The job's error, for internal use: does not count as observing the outcome. */
  failureOf(job: J): unknown;
  /** The state the job has besides its fields, if any. */
  extrasOf(job: J): JobExtras | undefined;
  /** Like `extrasOf`, but makes the extras if there are none. */
  ensureExtras(job: J): JobExtras;
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
export let enterPool: JobAccess['enterPool'];
export let begunAttempts: JobAccess['begunAttempts'];
export let waitedTicks: JobAccess['waitedTicks'];
export let waitedSince: JobAccess['waitedSince'];
export let recordRun: JobAccess['recordRun'];
export let returnToPending: JobAccess['returnToPending'];
export let readySinceMs: JobAccess['readySinceMs'];
export let becomeReady: JobAccess['becomeReady'];
export let changePriority: JobAccess['changePriority'];
export let settle: JobAccess['settle'];
export let failureOf: JobAccess['failureOf'];
export let extrasOf: JobAccess['extrasOf'];
export let ensureExtras: JobAccess['ensureExtras'];
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
    enterPool,
    begunAttempts,
    waitedTicks,
    waitedSince,
    recordRun,
    returnToPending,
    readySinceMs,
    becomeReady,
    changePriority,
    settle,
    failureOf,
    extrasOf,
    ensureExtras,
    contentOf,
  } = access);
}
