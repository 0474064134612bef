import { format } from 'node:util';
import * as jest from '@jest/globals';

/** Full names of tests (those of the describes, then its own, by spaces) that are left out, each with the reason. */
export type Exceptions = Readonly<Record<string, string>>;

type Body = () => void | Promise<void>;

interface Tests {
  describe(name: string, body: () => void): void;
  readonly test: {
    (name: string, body: Body): void;
    each<A extends readonly unknown[]>(
      rows: readonly A[],
    ): (name: string, body: (...row: A) => void | Promise<void>) => void;
    each<T>(rows: readonly T[]): (name: string, body: (row: T) => void | Promise<void>) => void;
  };
  /** Adds a test by which every exception is one of a test that there is: to be called last. */
  checkExceptions(): void;
}

/** Returns jest's `describe` and `test`, which leave tests out, but only those that are named. */
export function testsBut(exceptions: Exceptions): Tests {
  const path: string[] = [];
  const leftOut = new Set<string>();

  const test = (name: string, body: Body): void => {
    const fullName = [...path, name].join(' ');
    if (Object.hasOwn(exceptions, fullName)) leftOut.add(fullName);
    else jest.test(name, body);
  };
  const each =
    (rows: readonly unknown[]) =>
    (name: string, body: (...row: never[]) => void | Promise<void>): void => {
      for (const row of rows) {
        const values: unknown[] = Array.isArray(row) ? row : [row];
        test(titleOf(name, values), () => body(...(values as never[])));
      }
    };
  return {
    describe: (name, body) =>
      jest.describe(name, () => {
        path.push(name);
        body();
        path.pop();
      }),
    test: Object.assign(test, { each }) as Tests['test'],
    checkExceptions: () => {
      const unknown = Object.keys(exceptions).filter((name) => !leftOut.has(name));
      jest.test('each exception is a test that there is', () => jest.expect(unknown).toEqual([]));
    },
  };
}

/** Fills in a title as jest does: a placeholder for each value, as far as there are any. */
function titleOf(name: string, values: readonly unknown[]): string {
  const count = name.match(/%[a-z]/g)?.length ?? 0;
  return format(name.replaceAll('%p', '%o'), ...values.slice(0, count));
}
