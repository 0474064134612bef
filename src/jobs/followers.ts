import { unlinkFromSignal } from '../base/abort-link.js';
import { trampoline } from '../base/trampoline.js';
import { UNLINK } from '../sync/inner.js';
import { Follower, fulfill, reject } from './follower.js';
import { contentOf, ensureExtras, extrasOf, failureOf, type JobHandle, kindOf, type Late } from './job-access.js';
import type { JobExtras } from './job-extras.js';
import { endProgress } from './progress.js';

/** Captured before any code can replace them. */
const NativePromise = Promise;
const { then: PROMISE_THEN } = Promise.prototype;
const { apply } = Reflect;
const RESOLVED = Promise.resolve();

/** Settled jobs whose followers are to be notified. */
let toNotify: JobHandle[] = [];

/** Notifies followers in a microtask, as they may run foreign code while the caller's state is inconsistent (I7). */
function notifySoon(job: JobHandle): void {
  if (toNotify.push(job) === 1) apply(PROMISE_THEN, RESOLVED, [notifyAll]);
}

function notifyAll(): void {
  const jobs = toNotify;
  toNotify = [];
  for (const job of jobs) notifyFollowers(job);
}

function notifyFollowers(job: JobHandle): void {
  const extras = extrasOf(job);
  const followers = extras?.followers;
  if (extras === undefined || followers === undefined) return;
  extras.followers = undefined;
  if (followers instanceof Follower) notify(job, followers);
  else for (const follower of followers) notify(job, follower);
}

function notify(job: JobHandle, follower: Follower): void {
  if (kindOf(job).settledAs === 'COMPLETED') fulfill(follower, contentOf(job));
  else reject(follower, failureOf(job));
}

/** Adds two callbacks to an unsettled job, one of which is called when it settles. */
export function follow(
  job: JobHandle,
  onResult: (value: unknown) => void,
  onError: (error: unknown) => void,
): Follower {
  const follower = new Follower(onResult, onError);
  const extras = ensureExtras(job);
  if (extras.followers === undefined) extras.followers = follower;
  else if (extras.followers instanceof Follower) extras.followers = [extras.followers, follower];
  else extras.followers.push(follower);
  return follower;
}

/** Returns the job's promise, made on first use. */
export function promiseOf<T>(job: JobHandle): Promise<T> {
  const extras = ensureExtras(job);
  extras.promise ??= makePromise(job);
  return extras.promise as Promise<T>;
}

function makePromise(job: JobHandle): Promise<unknown> {
  const { settledAs } = kindOf(job);
  if (settledAs === undefined) return new NativePromise((resolve, reject) => void follow(job, resolve, reject));
  if (settledAs === 'COMPLETED') return NativePromise.resolve(contentOf(job));
  markObserved(job);
  return NativePromise.reject(failureOf(job));
}

/** Notes that somebody has observed the outcome of the job. */
export function markObserved(job: JobHandle): void {
  const extras = extrasOf(job);
  if (extras?.onObserved === undefined) return;
  extras.onObserved();
  extras.onObserved = undefined;
}

/** Releases what a job that has just settled no longer needs, and notifies its followers. */
export function letGo(job: JobHandle, extras: JobExtras, late?: Late): void {
  if (extras.options !== undefined) {
    const { token, signal } = extras.options;
    token?.[UNLINK](job);
    if (signal !== undefined) unlinkFromSignal(signal, job);
    extras.options = undefined;
    extras.context = undefined;
  }
  if (late !== undefined) extras.result = late.result;
  extras.token?.[UNLINK](job);
  extras.mailbox = undefined;
  if (extras.progress !== undefined) endProgress(extras.progress);
  if (extras.whenSettled !== undefined) for (const fn of extras.whenSettled) trampoline(fn);
  extras.whenSettled = undefined;
  if (extras.followers !== undefined) {
    if (kindOf(job).settledAs === 'COMPLETED' && typeof contentOf(job) !== 'object') notifyFollowers(job);
    else notifySoon(job);
  }
  // last, as its listeners are foreign code (I7)
  if (extras.stopCause !== undefined) extras.token?.cancel(extras.stopCause.reason);
}
