const { apply } = Reflect;
const isSame: (...values: readonly number[]) => boolean = Object.is;

/** Arguments that are put on the stack to see whether there is room: 16 KB, and 64 KB. */
const MORE = new Array<number>(2048).fill(0);
const MUCH = new Array<number>(8192).fill(0);
/** How many of the first checks ask for much room: code that has not run yet is compiled first, which takes 37 KB. */
let coldChecks = 300;

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
 * Returns true, from a frame of 3 KB, as each argument of the call takes a register; throws if that is not left. Optimised code
 * makes no call, but checks at its entry that it could go on in the interpreter, frame and all: this takes 2 ns. (Bundlers drop
 * a call whose result nobody uses.)
 *
 * @see V8's `CodeGenerator::GetStackCheckOffset`.
 */
function fits(): boolean {
  // biome-ignore format: 384 arguments
  return isSame(
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  );
}

/**
 * Whether work that is a few calls deep can be done now without a stack overflow halfway, as a caller may be deep in a
 * recursion.
 */
export function hasStackRoom(): boolean {
  try {
    needStackRoom();
    return true;
  } catch {
    return false;
  }
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
 * Call this before a change that must not be left half done.
 *
 * @throws {RangeError} if the stack is nearly full.
 */
export function needStackRoom(): void {
  if (coldChecks > 0) checkCold();
  if (!fits()) refuse();
}

function checkCold(): void {
  needMuchStackRoom();
  coldChecks--;
}

function refuse(): never {
  throw new RangeError('The stack is nearly full');
}

/**
 * Like {@link needStackRoom}, for code that may not have run yet.
 *
 * @throws {RangeError} if the stack is nearly full.
 */
export function needMuchStackRoom(): void {
  apply(nothing, undefined, MUCH);
}
