import { types } from 'node:util';
import { linkToSignal } from '../base/abort-link.js';
import type { ContextValues } from '../base/context-stores.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { stackOf } from '../errors.js';
import { LINK, UNLINK } from '../sync/inner.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import { extrasIn, extrasOf, isSettled, type Job, kindOf, optionsOf, progressOf } from './job.js';
import { pushProgress } from './progress.js';
import type { StopCause } from './stop-cause.js';
import type { TaskRef } from './task-ref.js';

// What the engine does with the few jobs that are not plain: see `job.ts`.

export function taskOf(job: Job): TaskRef {
  return kindOf(job).task;
}

/** By this it is before others or behind them: its priority, unless waiting jobs age. */
export function urgencyOf(job: Job): number {
  return kindOf(job).urgency;
}

/** Whether it has a pool. */
export function isSubmitted(job: Job): boolean {
  return kindOf(job).ownerRef !== undefined;
}

/** Whether its code returned, also after it had been asked to stop. */
export function hasReturned(job: Job): boolean {
  const extras = extrasIn(job);
  return kindOf(job).settledAs === 'COMPLETED' || (extras !== undefined && 'result' in extras);
}

/** Links the parents given as options. One of them may have cancelled the job already. */
export function linkParents(job: Job): void {
  const { token, signal } = optionsOf(job);
  token?.[LINK](job);
  if (signal !== undefined && !isSettled(job)) linkToSignal(signal, job);
}

/** What is to be moved with its arguments. */
export function transferOf(job: Job): readonly Transferable[] | undefined {
  return optionsOf(job).transfer;
}

/** What its code sees of where it was submitted. */
export function contextOf(job: Job): ContextValues | undefined {
  return extrasIn(job)?.context;
}

export function setContext(job: Job, values: ContextValues): void {
  extrasOf(job).context = values;
}

/** How it is to settle, where it was asked to stop while it ran. */
export function stopCauseOf(job: Job): StopCause | undefined {
  return extrasIn(job)?.stopCause;
}

/** It is asked to stop while it runs. */
export function setStopCause(job: Job, ending: StopCause): void {
  extrasOf(job).stopCause = ending;
}

/** It is cancelled, too late to stop the attempt that has ended: no other follows. */
export function endWithAttempt(job: Job): void {
  extrasOf(job).isLastAttempt = true;
}

/** Whether somebody, perhaps its own code, has cancelled it or its token. */
export function isLastAttempt(job: Job): boolean {
  const extras = extrasIn(job);
  return extras?.isLastAttempt === true || extras?.raised !== undefined || extras?.stopCause?.state === 'CANCELLED';
}

/** Raises the job's own token, where anybody has it. */
export function raiseToken(job: Job, reason: unknown): void {
  const extras = extrasOf(job);
  extras.raised ??= { reason };
  const { token } = extras;
  if (token === undefined || token.isCancelled) return;
  token[UNLINK](job);
  token.cancel(reason);
}

/** Its code has reported a value. */
export function reported(job: Job, value: unknown, listenerQueue: ListenerQueue): void {
  pushProgress(progressOf(job), value, listenerQueue);
}

/** Calls `fn` once it has settled, before any foreign code hears of it. Returns how to take it off. */
export function whenSettled(job: Job, fn: () => void): () => void {
  const extras = extrasOf(job);
  extras.whenSettled ??= new Set();
  const { whenSettled: listeners } = extras;
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Remembers the line that calls `by`. */
export function submittedBy(job: Job, by: (...args: never[]) => unknown): void {
  const place: { readonly stack?: string } = {};
  Error.captureStackTrace(place, by);
  extrasOf(job).submitStack = place;
}

export function hasSubmitStack(job: Job): boolean {
  return extrasIn(job)?.submitStack !== undefined;
}

/** Adds that line to the stack of the job's error. */
export function addSubmitStack(job: Job, error: unknown): void {
  const place = extrasIn(job)?.submitStack;
  if (place === undefined || !types.isNativeError(error)) return;
  const [, ...frames] = stackOf(place, '').split('\n');
  if (frames.length === 0) return; // `Error.stackTraceLimit` is 0
  const stack = stackOf(error, String(error));
  error.stack = `${stack}\n    --- submitted as job '${job.name}' ---\n${frames.join('\n')}`;
}

/** Whether somebody awaits it. */
export function isAwaited(job: Job): boolean {
  return extrasIn(job)?.followers !== undefined;
}

/** Calls `onLook` when somebody looks at how it ended. */
export function watchForLook(job: Job, onLook: () => void): void {
  extrasOf(job).onLook = onLook;
}
