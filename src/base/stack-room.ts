const { apply } = Reflect;

/** What is put on the stack to see whether there is room for it: 3 KB, and 64. */
const SOME = new Array<number>(384).fill(0);
const MUCH = new Array<number>(8192).fill(0);
/** So often it is asked for much where some would do: code that has not run yet is compiled first, which takes 37 KB. */
let coldLooks = 256;
/** So many jobs are not entered without a look. Code that is optimised checks by itself for all that it calls. */
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
 * Whether what is a few calls deep can be done now, without the end of the stack in the middle of it: a caller may be deep in a
 * recursion. What cannot is left for later. Takes 0.15 us.
 */
export function hasStackRoom(): boolean {
  if (coldLooks === 0) return isRoomFor(SOME);
  coldLooks--;
  return hasMuchStackRoom();
}

/** The same of what goes deeper, or is done rarely, such as to make a thread. Takes 3 us. */
export function hasMuchStackRoom(): boolean {
  return isRoomFor(MUCH);
}

/**
 * To be called before something is changed that must not be changed by half, by what is called so often that it is optimised.
 *
 * @throws {RangeError} where the end of the stack is near.
 */
export function needStackRoom(): void {
  if (coldJobs === 0) return;
  apply(nothing, undefined, coldJobs > 4_700 ? MUCH : SOME);
  coldJobs--;
}
