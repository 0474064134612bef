import type { FileHandle } from 'node:fs/promises';
import type { ReadableStream, TransformStream, WritableStream } from 'node:stream/web';
import type { MessagePort } from 'node:worker_threads';
import { adviceOnForeign, registerClass } from '../../base/known-classes.js';
import { ofThisVersion } from '../../base/version.js';
import type { Peer } from './registry.js';

/**
 * What can be moved to another thread instead of being copied; a view stands for its buffer. (Node's own type has another name
 * in each version.)
 */
export type Transferable =
  | ArrayBuffer
  | ArrayBufferView
  | MessagePort
  | FileHandle
  | ReadableStream
  | WritableStream
  | TransformStream;

/**
 * Method by which an object of ours crosses to another thread. A structured clone would silently turn it into a bare
 * object, so such objects are {@link Uncloneable}: only when a clone fails does the codec search the value for this
 * method.
 */
export const CROSS = Symbol.for(ofThisVersion('cross'));

/** What crosses in place of an object: its kind, its id, its shared memory. */
export interface CrossingHandle {
  readonly type: CrossingType;
  readonly id: string;
  readonly words: Int32Array;
  /** What else is needed to make a copy. */
  readonly details?: unknown;
}

export type CrossingType =
  | 'token'
  | 'signal'
  | 'till'
  | 'semaphore'
  | 'mutex'
  | 'condition'
  | 'latch'
  | 'barrier'
  | 'channel';

export interface Crossing {
  [CROSS](peer: Peer): CrossingHandle;
}

export function isCrossing(value: unknown): value is Crossing {
  return typeof value === 'object' && value !== null && CROSS in value;
}

type Advice = (value: object) => string | undefined;

const advices: Advice[] = [adviceOnForeign];

/**
 * Registers a class whose objects stay on their thread. A structured clone would turn most of them into an empty object, as
 * their state is private. Objects of other copies of the library are refused by the name of their class.
 *
 * @param name of the class: the build may rename the class itself.
 * @param advice returns for an object of the class what it is and what to do instead, in words that follow its path in an
 * error: `it is job 'load'; await it first …`. Returns `undefined` for any other object.
 */
export function stays(ofClass: { readonly prototype: object }, name: string, advice: Advice): void {
  registerClass(ofClass, { name, isOfAllCopies: false });
  addAdvice(advice);
}

/** Like {@link stays}, for objects that have no class of their own. */
export function addAdvice(advice: Advice): void {
  advices.push(advice);
}

/** Returns the advice for an object that stays on its thread; `undefined` for any other. */
export function adviceOf(value: object): string | undefined {
  for (const advice of advices) {
    const found = advice(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
