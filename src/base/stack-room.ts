const { apply } = Reflect;

/** Arguments that are put on the stack to see whether there is room: 3 KB, 16 KB, and 64 KB. */
const SOME = new Array<number>(384).fill(0);
const MORE = new Array<number>(2048).fill(0);
const MUCH = new Array<number>(8192).fill(0);
/** How many of the first checks ask for much room: code that has not run yet is compiled first, which takes 37 KB. */
let coldLooks = 256;
/** How many of the first jobs are checked. Optimised code, by itself, checks for everything that it inlines. */
let coldJobs = 5_000;

function nothing(): void {}

function isRoomFor(args: readonly number[]): boolean {
  try {
    apply(nothing, undefined, args);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether work that is a few calls deep can be done now without a stack overflow halfway, as a caller may be deep in a
 * recursion. Takes 0.15 µs.
 */
export function hasStackRoom(): boolean {
  if (coldLooks === 0) return isRoomFor(SOME);
  coldLooks--;
  return hasMuchStackRoom();
}

/** Like {@link hasStackRoom}, for work that goes deeper and has been done before. Takes 1 µs. */
export function hasMoreStackRoom(): boolean {
  return isRoomFor(MORE);
}

/** Like {@link hasStackRoom}, for work that goes deeper and is rare or new, such as making a thread. Takes 5 µs. */
export function hasMuchStackRoom(): boolean {
  return isRoomFor(MUCH);
}

/**
 * Call this before a change that must not be left half done, in code that is called often enough to be optimised.
 *
 * @throws {RangeError} if the stack is nearly full.
 */
export function needStackRoom(): void {
  if (coldJobs === 0) return;
  apply(nothing, undefined, coldJobs > 4_700 ? MUCH : SOME);
  coldJobs--;
}

/**
 * Like {@link needStackRoom}, for code that may not have run yet.
 *
 * @throws {RangeError} if the stack is nearly full.
 */
export function needMuchStackRoom(): void {
  apply(nothing, undefined, MUCH);
}
