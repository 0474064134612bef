import { types } from 'node:util';
import { linkToSignal } from '../base/abort-link.js';
import type { ContextValues } from '../base/context-stores.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { stackOf, TaskNotFoundError } from '../errors.js';
import { LINK, UNLINK } from '../sync/inner.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import { ensureExtras, extrasOf, isSettled, type JobHandle, kindOf, optionsOf, settle } from './job-access.js';
import type { Attempt, JobOrigin } from './job-extras.js';
import type { StartLimit } from './job-options.js';
import { endProgress, latestProgress, ProgressStream, pushProgress } from './progress.js';
import type { StopCause } from './stop-cause.js';
import type { TaskRef } from './task-ref.js';
import { callSiteOf } from './task-registry.js';

// Operations of the engine built on those of `job-access.ts`, most of them for the few jobs that are not plain.

export function taskOf(job: JobHandle): TaskRef {
  return kindOf(job).task;
}

/** The key by which jobs are ordered: the priority, unless waiting jobs age. */
export function urgencyOf(job: JobHandle): number {
  return kindOf(job).urgency;
}

/** Whether the job has a pool. */
export function isSubmitted(job: JobHandle): boolean {
  return kindOf(job).poolRef !== undefined;
}

/** Whether the job's code returned, even if it had been asked to stop. */
export function hasReturned(job: JobHandle): boolean {
  const extras = extrasOf(job);
  return kindOf(job).settledAs === 'COMPLETED' || (extras !== undefined && 'result' in extras);
}

/** Links the job to its `token` and `signal`, which may cancel it at once. */
export function linkParents(job: JobHandle): void {
  const { token, signal } = optionsOf(job);
  token?.[LINK](job);
  if (signal !== undefined && !isSettled(job)) linkToSignal(signal, job);
}

/** The job's `transfer` list; empty if only messages for its code move something. */
export function transferOf(job: JobHandle): readonly Transferable[] | undefined {
  const extras = extrasOf(job);
  return extras === undefined ? undefined : (extras.options?.transfer ?? extras.mailbox?.moves);
}

const NO_LIMITS: readonly StartLimit[] = [];

/** The limits that the job has to pass, one after the other, before it goes to the queue. */
export function limitsOf(job: JobHandle): readonly StartLimit[] {
  return extrasOf(job)?.options?.limits ?? NO_LIMITS;
}

/** The context values that the job's code sees. */
export function contextOf(job: JobHandle): ContextValues | undefined {
  return extrasOf(job)?.context;
}

export function setContext(job: JobHandle, values: ContextValues): void {
  ensureExtras(job).context = values;
}

/** Records that the job stands for, or runs, a job of another system. Called before the job is submitted. */
export function setOrigin(job: JobHandle, origin: JobOrigin): void {
  ensureExtras(job).origin = origin;
}

/** The id that users know the job by. */
export function shownIdOf(job: JobHandle): number | string {
  return extrasOf(job)?.origin?.id ?? job.id;
}

/** The machine of a cluster that ran the job last, as last heard; `undefined` if it runs here. */
export function hostOf(job: JobHandle): string | undefined {
  return extrasOf(job)?.origin?.hostId;
}

/** How the job is to settle, if it was asked to stop while it ran. */
export function stopCauseOf(job: JobHandle): StopCause | undefined {
  return extrasOf(job)?.stopCause;
}

/** Records why a running job is asked to stop. */
export function setStopCause(job: JobHandle, cause: StopCause): void {
  ensureExtras(job).stopCause = cause;
}

/** Records a cancel that came too late to stop the attempt: no other attempt follows. */
export function endWithAttempt(job: JobHandle): void {
  ensureExtras(job).isLastAttempt = true;
}

/** Whether the job or its token was cancelled, perhaps by its own code. */
export function isLastAttempt(job: JobHandle): boolean {
  const extras = extrasOf(job);
  return extras?.isLastAttempt === true || extras?.raised !== undefined || extras?.stopCause?.state === 'CANCELLED';
}

/** Cancels the job's own token, if it was ever handed out. */
export function raiseToken(job: JobHandle, reason: unknown): void {
  const extras = ensureExtras(job);
  extras.raised ??= { reason };
  const { token } = extras;
  if (token === undefined || token.isCancelled) return;
  token[UNLINK](job);
  token.cancel(reason);
}

/** Adds a value reported by the job's code to its progress. */
export function addReport(job: JobHandle, value: unknown, listenerQueue: ListenerQueue): void {
  pushProgress(progressOf(job), value, listenerQueue);
}

/** Calls `fn` once the job has settled, before any foreign code is notified. Returns how to unregister `fn`. */
export function whenSettled(job: JobHandle, fn: () => void): () => void {
  const extras = ensureExtras(job);
  extras.whenSettled ??= new Set();
  const { whenSettled: listeners } = extras;
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Records the call site of the function `by`. */
export function submittedBy(job: JobHandle, by: (...args: never[]) => unknown): void {
  const callSite: { readonly stack?: string } = {};
  Error.captureStackTrace(callSite, by);
  ensureExtras(job).submitStack = callSite;
}

export function hasSubmitStack(job: JobHandle): boolean {
  return extrasOf(job)?.submitStack !== undefined;
}

/**
 * Adds lines of the user's code to the stack of a failed job's error: where the task was named, if it was not found, and where
 * the job was submitted, if that was recorded.
 */
export function addCallSites(job: JobHandle, error: unknown): void {
  if (error instanceof TaskNotFoundError) {
    const frames = framesOf(callSiteOf(taskOf(job)));
    // replaces the frames of the worker that looked for it
    if (frames !== undefined) error.stack = `${error.name}: ${error.message}\n${frames}`;
  }
  const frames = framesOf(extrasOf(job)?.submitStack);
  if (frames === undefined || !types.isNativeError(error)) return;
  error.stack = `${stackOf(error, String(error))}\n    --- submitted as job '${job.name}' ---\n${frames}`;
}

/** Returns the lines of a call site's stack below the first; `undefined` if there are none: `Error.stackTraceLimit` is 0. */
function framesOf(callSite: { readonly stack?: string } | undefined): string | undefined {
  const [, ...frames] = callSite === undefined ? [] : stackOf(callSite, '').split('\n');
  return frames.length === 0 ? undefined : frames.join('\n');
}

/** Whether the job has followers. */
export function isAwaited(job: JobHandle): boolean {
  return extrasOf(job)?.followers !== undefined;
}

/** Calls `onObserved` when somebody first observes the outcome of the job. */
export function watchForObserver(job: JobHandle, onObserved: () => void): void {
  ensureExtras(job).onObserved = onObserved;
}

/** Settles the job with a cause instead of an outcome of its code. The error is made when it is first read. */
export function settleBy(job: JobHandle, cause: StopCause): void {
  ensureExtras(job).stopCause = cause;
  settle(job, cause.state, cause);
}

/** What the job's code reported last; `undefined` before that. */
export function lastReportOf(job: JobHandle): unknown {
  const progress = extrasOf(job)?.progress;
  return progress === undefined ? undefined : latestProgress(progress);
}

/** The stream of the values that the job's code reports. */
export function progressOf(job: JobHandle): ProgressStream<unknown> {
  const extras = ensureExtras(job);
  if (extras.progress === undefined) {
    extras.progress = new ProgressStream();
    if (isSettled(job)) endProgress(extras.progress);
  }
  return extras.progress;
}

/** Lets a job that is not submitted yet continue from the attempts of another one: it counts its own from there. */
export function continueFrom(job: JobHandle, { attempts, last }: EndedAttempts): void {
  const extras = ensureExtras(job);
  extras.lastRun = { attempt: attempts, workerId: last.workerId, hasBegun: () => true };
  extras.lastAttempt = last;
}

/** How many attempts there have been, and when and where the last ran. */
export interface EndedAttempts {
  readonly attempts: number;
  readonly last: Attempt;
}
