import type { JobOverrides } from '../../contract/job-overrides.js';

/** What an entry of the result lane tells. */
export const Answer = Object.freeze({
  /** The code ended by itself. */
  RETURNED: 0,
  THREW: 1,
  /** The code ended after the job was asked to stop. */
  STOPPED_RETURNED: 2,
  STOPPED_THREW: 3,
  /** It goes on: the value is a report. */
  REPORTED: 4,
  /**
   * It goes on: the value is a list of what it told, as {@link BatchItem}, for which the lane had no room one by one. Each value
   * follows as a message of its own.
   */
  BATCH: 5,
  /** Its code begins. */
  STARTED: 6,
  /** There was no code to run: its module or its export is missing, or broken. */
  CODE_MISSING: 7,
  /** It goes on: it has cancelled its own job's token, with the value as the reason. */
  TOKEN_CANCELLED: 8,
  /** It goes on: it submits a child, whose number the entry before tells. */
  CHILD_SUBMITTED: 9,
  /** It goes on, and awaits something while it has children: it holds no place until these have settled. */
  SUSPENDED: 10,
  /** What code of the thread has written to stdout and stderr, of whatever job. */
  PRINTED: 11,
  /** The number of the child that is asked for next: an entry of its own, to know of whom it is when that cannot be read. */
  CHILD: 12,
  /** A message has lost its entry: it is read, and of no use. */
  ORPHAN: 13,
  /** It goes on, once it is woken: it blocks its thread to wait for another. */
  BLOCKED: 14,
} as const);

/** What a job tells while it runs, in a list: the value follows as a message under that tag. Of a child with its number. */
export type BatchItem = readonly [answer: number, child: number, tag: number];

// The second word of a request entry
export const ARGUMENT_BITS = 4;

export const TAG_BITS = 3;

export const MAX_INLINE_VALUES = 7;

/** Of these; the others are kept for what is told besides. */
export const MAX_INLINE_ARGUMENTS = 5;

/** The values come by message, under the tag in the first tag's place. */
export const BY_MESSAGE = 8;

/** Not a job: the definition of the task comes by message. */
export const DEFINITION = 9;

/** Not a job: the slot was still taken. */
export const HOLE = 10;

export const COUNT_MASK = (1 << ARGUMENT_BITS) - 1;

export const TAG_MASK = (1 << TAG_BITS) - 1;

/** Which of a job's `JobOverrides` follow the arguments, in this order: those whose flags are set. */
export const OVERRIDES = [
  ['attempt', 1 << 27],
  ['name', 1 << 26],
  ['context', 1 << 25],
] as const satisfies readonly (readonly [keyof JobOverrides, number])[];

export const HAS_OVERRIDES = OVERRIDES.reduce((all, [, flag]) => all | flag, 0);

/** The main thread is to be told when the job's code begins. */
export const IS_ANNOUNCED = 1 << 28;

/**
 * The entry tells the job's task; and before the arguments stand, as floats, by how much its id is above its sequence number,
 * and its priority. Else all three are as with the job before: most come one by one, and alike.
 */
export const HAS_IDENTITY = 1 << 29;

/** Words of a request entry's head: task id (with an identity, or a definition), kind. */
export const REQUEST_HEAD = 2;

export const IDENTITY_WORDS = 4;

/** Words of a result entry's head: slot and answer and tag, run time in ms (single). */
export const RESULT_HEAD = 2;

/** Before the value stands when the job's code began (float). Else that was when the code of the last entry ended. */
export const IS_STAMPED = 1 << 28;

export const SLOT_BITS = 16;

export const ANSWER_MASK = 15;

export const TAG_SHIFT = 20;

/** The first word of a result entry. */
export function resultHead(slot: number, answer: number, tag: number): number {
  return slot | (answer << SLOT_BITS) | (tag << TAG_SHIFT);
}
