import type { FileHandle } from 'node:fs/promises';
import type { ReadableStream, TransformStream, WritableStream } from 'node:stream/web';
import type { MessagePort } from 'node:worker_threads';
import type { Peer } from './registry.js';

/**
 * What can be moved to another thread instead of copied; a view stands for its buffer. (Node's own name for this differs from
 * version to version.)
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
 * How an object of ours crosses to another thread. The structured clone algorithm would silently turn it into a bare
 * object, so such an object is {@link Uncloneable}: the fault makes the codec look for this method, and nobody else pays for
 * the search.
 */
export const CROSS = Symbol.for('thread-system.cross');

/** What crosses in the object's stead: names its class, holds its shared memory. */
export interface CrossingHandle {
  readonly type: CrossingType;
  readonly id: string;
  readonly words: Int32Array;
  /** What else a copy needs. */
  readonly details?: unknown;
}

export type CrossingType = 'token' | 'signal' | 'till' | 'semaphore' | 'mutex' | 'condition' | 'latch' | 'barrier';

export interface Crossing {
  [CROSS](peer: Peer): CrossingHandle;
}

export function isCrossing(value: unknown): value is Crossing {
  return typeof value === 'object' && value !== null && CROSS in value;
}

type Advice = (value: object) => string | undefined;

const advices: Advice[] = [];

/**
 * Makes objects known that stay on their thread. A structured clone would turn most of them into a bare object, as nothing of
 * theirs can be reached.
 *
 * @param advice tells of such an object what it is, and what to do instead, in words that go on after its path in an error:
 * `it is job 'load'; await it first …`. Of any other: `undefined`.
 */
export function stays(advice: Advice): void {
  advices.push(advice);
}

/** What is told of an object that stays on its thread; `undefined` for any other. */
export function adviceOf(value: object): string | undefined {
  for (const advice of advices) {
    const told = advice(value);
    if (told !== undefined) return told;
  }
  return undefined;
}
