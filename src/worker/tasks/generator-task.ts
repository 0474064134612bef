import { types } from 'node:util';
import type { CurrentJob } from '../../contract/current-job.js';

const { apply } = Reflect;

type Step = IteratorResult<unknown, unknown>;

/** A generator object, sync or async. */
interface AnyIterator {
  next(): Step | PromiseLike<Step>;
  throw(error: unknown): Step | PromiseLike<Step>;
}

/** Returns what a task returned if that is a generator. */
export function iteratorOf(value: object): AnyIterator | undefined {
  const kind = Object.prototype.toString.call(value);
  return kind === '[object Generator]' || kind === '[object AsyncGenerator]' ? (value as AnyIterator) : undefined;
}

/** A value that can be awaited. */
export interface Awaitable {
  readonly then: (onFulfilled: (value: unknown) => void, onRejected: (reason: unknown) => void) => unknown;
}

/**
 * Returns what a task returned if that can be awaited: a promise, or any other object with a `then`, such as those of bluebird,
 * zone.js and jQuery. Reads `then` once, as `await` does, since it may be a getter.
 */
export function awaitableOf(value: object): Awaitable | undefined {
  const { then } = value as { readonly then?: unknown };
  if (typeof then !== 'function') return undefined;
  if (types.isPromise(value)) return value; // awaited as a promise, not by its `then`
  // biome-ignore lint/suspicious/noThenProperty: it stands for something that has one
  return { then: (onFulfilled, onRejected) => apply(then, value, [onFulfilled, onRejected]) };
}

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { readonly then?: unknown }).then === 'function';
}

/** Runs a generator task and reports what it yields. Returns its result, or a promise of it. */
export function drive(job: CurrentJob, iterator: AnyIterator): unknown {
  const first = iterator.next();
  if (isThenable(first)) return driveAsync(job, iterator, first);
  let step: Step = first;
  while (step.done !== true) step = afterYield(job, iterator, step.value) as Step;
  return step.value;
}

async function driveAsync(job: CurrentJob, iterator: AnyIterator, first: PromiseLike<Step>): Promise<unknown> {
  let step = await first;
  while (step.done !== true) step = await afterYield(job, iterator, step.value);
  return step.value;
}

/** Reports a yielded value and continues. In a cancelled job the `yield` throws a `CancelledError`. */
function afterYield(job: CurrentJob, iterator: AnyIterator, value: unknown): Step | PromiseLike<Step> {
  try {
    job.throwIfCancelled();
    job.report(value);
  } catch (error) {
    return iterator.throw(error);
  }
  return iterator.next();
}
