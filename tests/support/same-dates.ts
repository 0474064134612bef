import { types } from 'node:util';

/** A tester for `expect.addEqualityTesters`: an invalid date equals an invalid date. */
export const sameDates = (a: unknown, b: unknown): boolean | undefined =>
  types.isDate(a) && types.isDate(b) ? Object.is(+a, +b) : undefined;
