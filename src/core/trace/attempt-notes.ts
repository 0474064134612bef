import { errorTypeOf, messageOf } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { failureOf, isPlain, type JobPool, kindOf } from '../../jobs/job-access.js';
import { lastReportOf, shownIdOf, stopCauseOf } from '../../jobs/job-engine.js';
import type { JobKind } from '../../jobs/job-kind.js';
import type { AskedStop, AttemptNotes } from './traced.js';

/** Longest text of an error, a reason or a report in a trace, in characters. */
const MOST_TEXT = 500;

/** Notes on completed jobs without options, by their kind: such jobs share them. */
const plainNotes = new WeakMap<JobKind<JobPool>, AttemptNotes>();

/** What a trace says of a job's last attempt: of a job that has settled, or that runs or waits. */
export function notesOn(job: Job, attempt: number, stop?: AskedStop): AttemptNotes {
  const kind = kindOf(job);
  if (!isPlain(job) || kind.settledAs !== 'COMPLETED') return notesOnOne(job, attempt, stop);
  let notes = plainNotes.get(kind);
  if (notes === undefined) {
    notes = notesOnOne(job, attempt, undefined);
    plainNotes.set(kind, notes);
  }
  return notes;
}

/** What a trace says of an attempt that failed, and is followed by another. */
export function notesOnRetried(
  job: Job,
  { attempt, error, delayMs }: { readonly attempt: number; readonly error: unknown; readonly delayMs: number },
  stop: AskedStop | undefined,
): AttemptNotes {
  return { ...notesOnOne(job, attempt, stop), state: 'FAILED', error: errorText(error), retryInMs: delayMs };
}

function notesOnOne(job: Job, attempt: number, stop: AskedStop | undefined): AttemptNotes {
  const { task, priority, settledAs } = kindOf(job);
  const shownId = shownIdOf(job);
  return {
    name: job.name,
    task: task.name,
    priority,
    attempt: Math.max(1, attempt),
    state: settledAs ?? job.state,
    shownId: shownId === job.id ? undefined : shownId,
    error: settledAs === 'FAILED' ? errorText(failureOf(job)) : undefined,
    progress: shortened(lastReportOf(job)),
    stop,
  };
}

/** The request to stop by which a job has settled, if it was made by `atMs`. */
export function settlingStop(job: Job, atMs: number): AskedStop | undefined {
  const cause = stopCauseOf(job);
  return cause === undefined
    ? undefined
    : { kind: cause.state === 'CANCELLED' ? 'cancel' : 'timeout', atMs, reason: textOfReason(cause.reason) };
}

/** A reason for a stop, as text; `undefined` if there is none. */
function textOfReason(reason: unknown): string | undefined {
  return reason === undefined ? undefined : cut(messageOf(reason));
}

export function errorText(error: unknown): string {
  return cut(`${errorTypeOf(error)}: ${messageOf(error)}`);
}

/** A value that fits in a trace: numbers and booleans as they are, all else as text. */
function shortened(value: unknown): unknown {
  if (value === undefined || typeof value === 'boolean' || Number.isFinite(value)) return value;
  return cut(messageOf(value));
}

function cut(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}…`;
}
