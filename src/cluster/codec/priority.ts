/** Greatest priority number of BullMQ, which runs small numbers first, and 0 ahead of all. */
const BITS = 21;
const LARGEST = 2 ** BITS - 1;
/** How many low bits of a float32 are left out. */
const DROPPED = 32 - BITS;
const SIGN = 0x8000_0000;
const LARGEST_SINGLE = 3.402_823_466_385_288_6e38;

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/**
 * Returns BullMQ's number for a priority: the top 21 bits of the priority as a float32, made monotone. Never reverses
 * two priorities. Exact for all integers to ±8192, for their halves, quarters and so on; beyond that, numbers closer than
 * 1/4096 of themselves may become equals.
 *
 * @param priority a finite number, higher is more urgent.
 * @returns a whole number from 1 to 2^21 - 1, lower is more urgent.
 */
export function toBullPriority(priority: number): number {
  single[0] = Math.max(-LARGEST_SINGLE, Math.min(LARGEST_SINGLE, priority)) + 0; // + 0 turns -0 into 0
  const bits = word[0] as number;
  const key = (bits & SIGN ? ~bits : bits | SIGN) >>> DROPPED;
  return LARGEST - key;
}

/** The numbers of the greatest and the least priority of this library. */
const FIRST = toBullPriority(LARGEST_SINGLE);
const LAST = toBullPriority(-LARGEST_SINGLE);

/**
 * Returns a priority that has this number: the one nearest to 0. Numbers that only other producers give, as 0 and the small
 * ones, stand for finite priorities beyond all that have a number of their own, in the same order.
 */
export function fromBullPriority(number: number): number {
  if (number < FIRST) return LARGEST_SINGLE * (1 + FIRST - number);
  if (number > LAST) return -LARGEST_SINGLE * (1 + number - LAST);
  const key = LARGEST - number;
  const bits = (key << DROPPED) >>> 0;
  word[0] = bits & SIGN ? bits ^ SIGN : ~(bits | (2 ** DROPPED - 1));
  return (single[0] as number) + 0;
}
