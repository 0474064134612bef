import { Cancellation, type StopCause, Timeout } from '../../jobs/stop-cause.js';
import { decodeReasonOf, encodeFailure } from './failure-codec.js';

// A mark is the text in a job's record that says how the job must settle instead of being run. BullMQ makes it the job's
// `failedReason`.

const CANCELLED = 'CANCELLED:';
/** Begins the mark of a job that is cancelled unless its code runs. No JSON begins like this. */
export const CANCELLED_IF_WAITING = `${CANCELLED}?`;
const TIMED_OUT = 'TIMEOUT:';
/** Text of BullMQ's own mark for a job whose hosts have died too often. */
export const STALLED = 'job stalled more than allowable limit';

/** BullMQ's own mark for a job that waits for another one, which did not complete. */
const OF_CHILD = /^child \S+:\S+:\S+ failed$/;
/** Begins such a mark. */
export const OF_CHILD_START = 'child ';

/** A mark, and the kind that all marks of its sort begin with. */
export interface Mark {
  readonly text: string;
  readonly kind: string;
}

/** @param ifWaiting whether a job whose code runs is left alone; for a cancel only. */
export function markOf(cause: StopCause, ifWaiting = false): Mark {
  const kind = cause.state === 'CANCELLED' ? CANCELLED : TIMED_OUT;
  const { reason } = cause;
  const start = ifWaiting ? CANCELLED_IF_WAITING : kind;
  return { kind, text: start + (reason === undefined ? '' : JSON.stringify(encodeFailure(reason))) };
}

/** Whether a mark leaves a running job alone. Such a job does not begin again. */
export function isForWaiting(mark: string): boolean {
  return mark.startsWith(CANCELLED_IF_WAITING);
}

/** Returns how the job `name` is to settle according to a text; `undefined` if the text is not a mark. */
export function causeOf(text: string, name: string): StopCause | undefined {
  for (const start of [CANCELLED_IF_WAITING, CANCELLED])
    if (text.startsWith(start)) return new Cancellation(name, reasonIn(text.slice(start.length)));
  if (OF_CHILD.test(text)) return new Cancellation(name, 'a job that it needs did not complete');
  if (!text.startsWith(TIMED_OUT)) return undefined;
  const reason = reasonIn(text.slice(TIMED_OUT.length));
  return new Timeout(reason instanceof Error ? reason.message : `Job '${name}' timed out`);
}

function reasonIn(text: string): unknown {
  if (text === '') return undefined;
  try {
    return decodeReasonOf(JSON.parse(text));
  } catch {
    return text; // written by somebody else
  }
}

/** The mark of a member that has left its batch and is a job of its own. */
export const SPLIT = 'SPLIT:';

/** Returns the marks of a batch's members, by index. Never throws: others can write to the record. */
export function readMemberMarks(text: string | null | undefined): ReadonlyMap<number, string> {
  try {
    const marks: unknown = JSON.parse(text ?? '{}');
    const entries = Object.entries(marks as object).filter(([, mark]) => typeof mark === 'string');
    return new Map(entries.map(([index, mark]) => [Number(index), mark as string]));
  } catch {
    return new Map();
  }
}
