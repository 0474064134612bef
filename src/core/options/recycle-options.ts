import { wrongType } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkInteger, checkPositive, checkPositiveMs } from '../../base/check/values.js';
import type { PoolKind } from './pool-kind.js';

/** When a worker is replaced by a new one. Past one of these limits it takes no more jobs, and ends in order once it is free. */
export interface RecycleOptions {
  /** How many jobs a worker runs. Default: no limit. */
  readonly afterJobs?: number | undefined;
  /** How long a worker takes jobs, in milliseconds. Default: no limit. */
  readonly afterMs?: number | undefined;
  /** How large the heap of a worker's thread may be after a job, in MB (10⁶ bytes). Not for kind `'inline'`. Default: no limit. */
  readonly heapMb?: number | undefined;
}

export interface RecycleSettings {
  readonly afterJobs: number;
  readonly afterMs: number;
  readonly heapMb: number;
}

const RECYCLE_OPTIONS = optionNames<RecycleOptions>({ afterJobs: true, afterMs: true, heapMb: true }, 'recycle.');
const NEVER = Number.POSITIVE_INFINITY;

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readRecycle(value: unknown, kind: PoolKind, action: string): RecycleSettings | undefined {
  if (value === undefined) return undefined;
  const { afterJobs = NEVER, afterMs = NEVER, heapMb = NEVER } = readOptions(value, RECYCLE_OPTIONS, action);
  if (heapMb !== NEVER && kind === 'inline')
    throw wrongType(action, "recycle.heapMb is an option of kind 'thread' and 'process'", "kind 'inline'");
  const jobs = { from: 1, to: Number.MAX_SAFE_INTEGER };
  return {
    afterJobs: afterJobs === NEVER ? NEVER : checkInteger(afterJobs, 'recycle.afterJobs', jobs, action),
    afterMs: checkPositiveMs(afterMs, 'recycle.afterMs', action),
    heapMb: heapMb === NEVER ? NEVER : checkPositive(heapMb, 'recycle.heapMb', action),
  };
}
