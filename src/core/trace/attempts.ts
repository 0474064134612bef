import { toEpoch } from '../../base/clock.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import type { Job } from '../../jobs/job.js';
import { begunAttempts, extrasOf, ownerOf, seqOf, waitedSince, waitedTicks } from '../../jobs/job-access.js';
import type { JobOwner } from '../../jobs/job-owner.js';
import type { FailedAttempt } from '../events.js';
import { notesOn, notesOnRetried, settlingStop } from './attempt-notes.js';
import type { TracedAttempt } from './traced.js';

/** What is known about an attempt besides what its job has, in ms of `now()`. */
interface Seen {
  /** When the attempt was observed. */
  readonly atMs: number;
  /** When its code was asked to stop. */
  readonly stoppedAtMs: number | undefined;
}

/** Passed for a job that has run: its wait is recorded, so that the begin is not needed. */
const NO_BEGINNING = { begunAtMs: Number.NaN };

/** The last attempt of a job that has settled. */
export function settledAttempt(job: Job, seen: Seen): TracedAttempt {
  const run = lastRunOf(job);
  const { atMs } = seen;
  if (run !== undefined) return { ...ranAttempt(job, run, seen), settledAtMs: atMs };
  return {
    jobId: job.id,
    sinceMs: atMs - job.queuedMs,
    begunAtMs: undefined,
    endedAtMs: atMs,
    settledAtMs: atMs,
    workerId: undefined,
    what: notesOn(job, begunAttempts(job) + 1, settlingStop(job, atMs)),
  };
}

/** An attempt that has failed, and is followed by another. */
export function retriedAttempt(job: Job, failed: FailedAttempt, { atMs, stoppedAtMs }: Seen): TracedAttempt {
  const begunAtMs = failed.startedAt - toEpoch(0);
  const lastRun = extrasOf(job)?.lastRun;
  const since = lastRun?.attempt === failed.attempt ? lastRun.since : undefined; // otherwise another has failed meanwhile
  // an attempt that was cancelled is not followed by another
  const stop =
    stoppedAtMs === undefined ? undefined : { kind: 'timeout' as const, atMs: stoppedAtMs, reason: undefined };
  return {
    jobId: job.id,
    sinceMs: since?.ms ?? begunAtMs,
    begunAtMs,
    endedAtMs: begunAtMs + failed.executionMs,
    settledAtMs: atMs,
    workerId: failed.workerId,
    what: notesOnRetried(job, failed, stop),
  };
}

/** The attempt of a job that has not settled: it waits, runs, or waits for children. */
export function openAttempt(job: Job, seen: Seen): TracedAttempt {
  const run = lastRunOf(job);
  if (run !== undefined) return ranAttempt(job, run, seen);
  const { atMs, stoppedAtMs } = seen;
  const owner = ownerOf(job);
  const begunAtMs = owner?.hasBegun(seqOf(job)) ? owner.begunAtMs?.(seqOf(job)) : undefined;
  const stop = stoppedAtMs === undefined ? undefined : settlingStop(job, stoppedAtMs);
  return {
    jobId: job.id,
    sinceMs: waitedSince(job)?.ms ?? begunAtMs ?? atMs,
    begunAtMs,
    endedAtMs: atMs,
    settledAtMs: undefined,
    workerId: begunAtMs === undefined ? undefined : owner?.workerId,
    what: notesOn(job, begunAttempts(job) + 1, stop),
  };
}

/** The record of the job's last run, if no other attempt has followed. */
function lastRunOf(job: Job): JobOwner | undefined {
  const owner = ownerOf(job);
  return owner?.since === undefined || owner === extrasOf(job)?.lastRun ? undefined : owner;
}

/** An attempt whose code has ended. */
function ranAttempt(job: Job, run: JobOwner, { stoppedAtMs }: Seen): TracedAttempt {
  const sinceMs = run.since?.ms ?? 0;
  const begunAtMs = sinceMs + waitedTicks(job, NO_BEGINNING) / TICKS_PER_MS;
  return {
    jobId: job.id,
    sinceMs,
    begunAtMs,
    endedAtMs: begunAtMs + seqOf(job) / TICKS_PER_MS,
    settledAtMs: undefined,
    workerId: run.workerId,
    what: notesOn(job, run.attempt, stoppedAtMs === undefined ? undefined : settlingStop(job, stoppedAtMs)),
  };
}
