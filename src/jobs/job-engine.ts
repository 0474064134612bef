import { types } from 'node:util';
import { linkToSignal } from '../base/abort-link.js';
import type { ContextValues } from '../base/context-stores.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { stackOf } from '../errors.js';
import { LINK, UNLINK } from '../sync/inner.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import {
  extrasIn,
  extrasOf,
  isSettled,
  type JobHandle,
  kindOf,
  optionsOf,
  ran,
  settle,
  waitedTicks,
} from './job-access.js';
import type { JobPlace } from './job-place.js';
import { endProgress, ProgressStream, pushProgress } from './progress.js';
import type { StopCause } from './stop-cause.js';
import type { TaskRef } from './task-ref.js';

// What the engine does with the few jobs that are not plain: see `job-access.ts`.

export function taskOf(job: JobHandle): TaskRef {
  return kindOf(job).task;
}

/** By this it is before others or behind them: its priority, unless waiting jobs age. */
export function urgencyOf(job: JobHandle): number {
  return kindOf(job).urgency;
}

/** Whether it has a pool. */
export function isSubmitted(job: JobHandle): boolean {
  return kindOf(job).ownerRef !== undefined;
}

/** Whether its code returned, also after it had been asked to stop. */
export function hasReturned(job: JobHandle): boolean {
  const extras = extrasIn(job);
  return kindOf(job).settledAs === 'COMPLETED' || (extras !== undefined && 'result' in extras);
}

/** Links the parents given as options. One of them may have cancelled the job already. */
export function linkParents(job: JobHandle): void {
  const { token, signal } = optionsOf(job);
  token?.[LINK](job);
  if (signal !== undefined && !isSettled(job)) linkToSignal(signal, job);
}

/** What is to be moved with its arguments. */
export function transferOf(job: JobHandle): readonly Transferable[] | undefined {
  return optionsOf(job).transfer;
}

/** What its code sees of where it was submitted. */
export function contextOf(job: JobHandle): ContextValues | undefined {
  return extrasIn(job)?.context;
}

export function setContext(job: JobHandle, values: ContextValues): void {
  extrasOf(job).context = values;
}

/** How it is to settle, where it was asked to stop while it ran. */
export function stopCauseOf(job: JobHandle): StopCause | undefined {
  return extrasIn(job)?.stopCause;
}

/** It is asked to stop while it runs. */
export function setStopCause(job: JobHandle, ending: StopCause): void {
  extrasOf(job).stopCause = ending;
}

/** It is cancelled, too late to stop the attempt that has ended: no other follows. */
export function endWithAttempt(job: JobHandle): void {
  extrasOf(job).isLastAttempt = true;
}

/** Whether somebody, perhaps its own code, has cancelled it or its token. */
export function isLastAttempt(job: JobHandle): boolean {
  const extras = extrasIn(job);
  return extras?.isLastAttempt === true || extras?.raised !== undefined || extras?.stopCause?.state === 'CANCELLED';
}

/** Raises the job's own token, where anybody has it. */
export function raiseToken(job: JobHandle, reason: unknown): void {
  const extras = extrasOf(job);
  extras.raised ??= { reason };
  const { token } = extras;
  if (token === undefined || token.isCancelled) return;
  token[UNLINK](job);
  token.cancel(reason);
}

/** Its code has reported a value. */
export function reported(job: JobHandle, value: unknown, listenerQueue: ListenerQueue): void {
  pushProgress(progressOf(job), value, listenerQueue);
}

/** Calls `fn` once it has settled, before any foreign code hears of it. Returns how to take it off. */
export function whenSettled(job: JobHandle, fn: () => void): () => void {
  const extras = extrasOf(job);
  extras.whenSettled ??= new Set();
  const { whenSettled: listeners } = extras;
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Remembers the line that calls `by`. */
export function submittedBy(job: JobHandle, by: (...args: never[]) => unknown): void {
  const place: { readonly stack?: string } = {};
  Error.captureStackTrace(place, by);
  extrasOf(job).submitStack = place;
}

export function hasSubmitStack(job: JobHandle): boolean {
  return extrasIn(job)?.submitStack !== undefined;
}

/** Adds that line to the stack of the job's error. */
export function addSubmitStack(job: JobHandle, error: unknown): void {
  const place = extrasIn(job)?.submitStack;
  if (place === undefined || !types.isNativeError(error)) return;
  const [, ...frames] = stackOf(place, '').split('\n');
  if (frames.length === 0) return; // `Error.stackTraceLimit` is 0
  const stack = stackOf(error, String(error));
  error.stack = `${stack}\n    --- submitted as job '${job.name}' ---\n${frames.join('\n')}`;
}

/** Whether somebody awaits it. */
export function isAwaited(job: JobHandle): boolean {
  return extrasIn(job)?.followers !== undefined;
}

/** Calls `onLook` when somebody looks at how it ended. */
export function watchForLook(job: JobHandle, onLook: () => void): void {
  extrasOf(job).onLook = onLook;
}

/** Settles it without its code having come to its end. Its error is made when somebody asks for it. */
export function settleBy(job: JobHandle, cause: StopCause): void {
  extrasOf(job).stopCause = cause;
  settle(job, cause.state, cause);
}

/** What became of its code is not known: it began, at about that time. */
export function lost(job: JobHandle, run: JobPlace, begunAtMs: number): void {
  ran(job, run, waitedTicks(job, { begunAtMs }), 0);
}

/** The stream of what its code reports. */
export function progressOf(job: JobHandle): ProgressStream<unknown> {
  const extras = extrasOf(job);
  if (extras.progress === undefined) {
    extras.progress = new ProgressStream();
    if (isSettled(job)) endProgress(extras.progress);
  }
  return extras.progress;
}
