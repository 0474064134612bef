import { toEpoch } from '../base/clock.js';
import { TICKS_PER_MS } from '../base/ticks.js';
import { extrasOf, isSettled, type JobHandle, ownerOf, seqOf, waitedSince, waitedTicks } from './job-access.js';
import type { Attempt } from './job-extras.js';

/** Passed for a job that has run: its wait is recorded, so that the begin is not needed. */
const NO_BEGINNING = { begunAtMs: Number.NaN };

/** The last attempt, or the one that runs; `undefined` before the first. */
export function attemptOf(job: JobHandle): Attempt | undefined {
  const owner = ownerOf(job);
  const extras = extrasOf(job);
  // settled or waiting without another run
  if (owner === undefined || owner === extras?.lastRun) return extras?.lastAttempt;
  const { workerId, since } = owner;
  if (since !== undefined) {
    const startedAt = toEpoch(since.ms + waitedTicks(job, NO_BEGINNING) / TICKS_PER_MS);
    const executionMs = seqOf(job) / TICKS_PER_MS;
    return { startedAt, endedAt: startedAt + executionMs, executionMs, workerId };
  }
  if (isSettled(job) || owner.begunAtMs === undefined || !owner.hasBegun(seqOf(job))) return extras?.lastAttempt;
  return { startedAt: toEpoch(owner.begunAtMs(seqOf(job))), endedAt: undefined, executionMs: 0, workerId };
}

/** When the job was submitted, in ms of `now()`. Only for a job of a pool that has not settled. */
export function submittedAtMs(job: JobHandle): number {
  return (extrasOf(job)?.submitted ?? waitedSince(job) ?? ownerOf(job)?.since)?.ms ?? 0;
}
