import { types } from 'node:util';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { memoryOf } from '../lane/known-buffers.js';
import { glance } from './glance.js';

type IsUntransferable = (value: object) => boolean;
type Threads = { readonly isMarkedAsUntransferable?: IsUntransferable };

/** Default size of the memory that small `Buffer`s share. */
const POOL_BYTES = 8192;
let isMarked: IsUntransferable | undefined | null = null;

/**
 * Returns the objects to move with a value. A view stands for its buffer. Memory that other objects use, such as that of small
 * `Buffer`s, is left out: the clone copies it.
 */
export function movables(transfer: readonly unknown[], value: unknown): Transferable[] {
  const found = new Set<unknown>();
  for (const item of transfer) {
    const memory = memoryOf(item);
    if (!types.isArrayBuffer(memory) || !isPooled(memory, item, value)) found.add(memory);
  }
  return [...found] as Transferable[];
}

function isPooled(memory: ArrayBuffer, item: unknown, value: unknown): boolean {
  // Node.js marks its pool since version 21
  if (isMarked === null)
    isMarked = (process.getBuiltinModule('node:worker_threads') as Threads).isMarkedAsUntransferable;
  if (isMarked !== undefined) return isMarked(memory);
  if (memory.byteLength !== Buffer.poolSize && memory.byteLength !== POOL_BYTES) return false;
  if (isPieceOf(memory, item) || Buffer.allocUnsafe(1).buffer === memory) return true;
  for (const object of glance(value)) if (isPieceOf(memory, object)) return true;
  return false;
}

function isPieceOf(memory: ArrayBuffer, item: unknown): boolean {
  return Buffer.isBuffer(item) && item.buffer === memory && item.byteLength < memory.byteLength;
}
