import type { JobOverrides } from '../../contract/job-overrides.js';

/** What an entry of the result lane means. */
export const EntryKind = Object.freeze({
  /** The code ended by itself. */
  RETURNED: 0,
  THREW: 1,
  /** The code ended after the job was asked to stop. */
  STOPPED_RETURNED: 2,
  STOPPED_THREW: 3,
  /** The code runs on: the value is a report. */
  REPORTED: 4,
  /**
   * The code runs on: the value is a list of {@link BatchItem}, for reports and children that found no room in the lane. Each
   * item's value follows as a message of its own.
   */
  BATCH: 5,
  /** The code begins. */
  STARTED: 6,
  /** The job has failed before its code began: its task or a value of it cannot be loaded or read. */
  FAILED_TO_START: 7,
  /** The code runs on: it has cancelled its own job's token, with the value as the reason. */
  TOKEN_CANCELLED: 8,
  /** The code runs on: it submits a child, whose number is in the entry before. */
  CHILD_SUBMITTED: 9,
  /** The code awaits something while its job has children: the job takes no place until they have settled. */
  SUSPENDED: 10,
  /** What code of the thread has written to stdout and stderr, for any job or none. */
  PRINTED: 11,
  /** The number of the child in the next entry: an entry of its own, so that it is known if the next cannot be read. */
  CHILD: 12,
  /** Stands for a message whose own entry was never written: the message is read and dropped. */
  ORPHAN: 13,
  /** The code blocks its thread to wait for another. */
  BLOCKED: 14,
  /** The code has read a message that the pool keeps until then. */
  MESSAGE_READ: 15,
} as const);

/** A report or a child in a {@link EntryKind.BATCH}. Its value follows as a message with that tag; `child` is 0 for a report. */
export type BatchItem = readonly [kind: number, child: number, tag: number];

// The second word of a request entry
export const ARGUMENT_BITS = 4;

export const TAG_BITS = 3;

export const MAX_INLINE_VALUES = 7;

/** How many of these may be arguments: the others are left for the job's overrides. */
export const MAX_INLINE_ARGUMENTS = 5;

/** A count that means: the values come by message, with their tag as the first. */
export const BY_MESSAGE = 8;

/** A count that means: no job; the definition of a task comes by message. */
export const DEFINITION = 9;

/** A count that means: no job: the entry is skipped, as its slot is still in use. */
export const SKIP = 10;

export const COUNT_MASK = (1 << ARGUMENT_BITS) - 1;

export const TAG_MASK = (1 << TAG_BITS) - 1;

/** Which of a job's `JobOverrides` follow the arguments, in this order: those whose flags are set. */
export const OVERRIDES = [
  ['attempt', 1 << 27],
  ['name', 1 << 26],
  ['context', 1 << 25],
  ['id', 1 << 30],
] as const satisfies readonly (readonly [keyof JobOverrides, number])[];

export const HAS_OVERRIDES = OVERRIDES.reduce((all, [, flag]) => all | flag, 0);

/** Flag: the worker announces when the job's code begins. */
export const IS_ANNOUNCED = 1 << 28;

/**
 * Flag: the entry contains the job's task and, before the arguments, two floats: its id less its sequence number, and its
 * priority. Without the flag all three are those of the job before, as with most jobs.
 */
export const HAS_IDENTITY = 1 << 29;

/** Words of a request entry's head: the task id, if the entry has an identity or is a definition; the kind. */
export const REQUEST_HEAD = 2;

export const IDENTITY_WORDS = 4;

/** Words of a result entry's head: slot, kind and tag; run time in ms, as a single. */
export const RESULT_HEAD = 2;

/**
 * Flag: before the value, as a float, is the time when the job's code began. Otherwise that is when the code of the last entry
 * ended.
 */
export const IS_STAMPED = 1 << 28;

export const SLOT_BITS = 16;

export const ENTRY_KIND_MASK = 15;

export const TAG_SHIFT = 20;

/** The first word of a result entry. */
export function resultHead(slot: number, kind: number, tag: number): number {
  return slot | (kind << SLOT_BITS) | (tag << TAG_SHIFT);
}
