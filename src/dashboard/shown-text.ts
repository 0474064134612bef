import { inspect } from 'node:util';
import { bare } from '../base/bare.js';
import { shownOrNot } from '../errors.js';

// Names and messages from elsewhere may be of any length: what a page shows is cut.

const LONGEST_NAME = 200;
const LONGEST_VALUE = 300;
const LONGEST_MESSAGE = 2_000;
const LONGEST_STACK = 16_000;
const LONGEST_BRIEF = 1_000;

export function shownName(name: string): string {
  return cut(name, LONGEST_NAME);
}

export function shownMessage(message: string): string {
  return cut(message, LONGEST_MESSAGE);
}

/** An ISO 8601 moment, as in `2026-11-30T14:35:05.592Z`. */
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?/g;

/** The message of a failure, as that of all failures of its kind: without moments, such as that of a deadline, in which they differ. */
export function sharedMessage(message: string): string {
  return shownMessage(message).replace(MOMENT, '…');
}

export function shownStack(stack: string): string {
  return cut(stack, LONGEST_STACK);
}

/** A message or a stack of which there may be many. */
export function shownBrief(text: string): string {
  return cut(text, LONGEST_BRIEF);
}

/**
 * A value as text, in one line. Runs no code of the value's: neither getters, nor a `Proxy`, nor an `inspect` of its own; but for
 * what Node.js itself reads of an error, which may throw.
 */
export function shownValue(value: unknown): string {
  const options = {
    ...{
      depth: 2,
      maxArrayLength: 10,
      maxStringLength: LONGEST_VALUE,
      breakLength: Number.POSITIVE_INFINITY,
      compact: true,
    },
    ...{ customInspect: false, getters: false, showProxy: true },
  };
  return cut(
    shownOrNot(() => inspect(value, bare(options))),
    LONGEST_VALUE,
  );
}

/** How much of a job is done, by what it has reported: a number from 0 to 1, or `{ done, total }`. */
export function shareOf(report: unknown): number | undefined {
  if (typeof report === 'number') return report >= 0 && report <= 1 ? report : undefined;
  if (typeof report !== 'object' || report === null) return undefined;
  const { done, total } = report as { readonly done?: unknown; readonly total?: unknown };
  if (typeof done !== 'number' || typeof total !== 'number' || !(total > 0 && done >= 0)) return undefined;
  return Math.min(1, done / total);
}

/** Milliseconds rounded to the microsecond: more digits only make messages longer. */
export function rounded(ms: number): number {
  return Math.round(ms * 1e3) / 1e3;
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
