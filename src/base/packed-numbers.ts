/** Fewest numbers that are worth packing. */
const WORTH_PACKING = 16;

/** Returns a long list of numbers as one block of floats; any other list as it is. */
export function packed<L extends ArrayLike<unknown>>(list: L): L | Float64Array {
  if (list.length < WORTH_PACKING) return list;
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== 'number') return list;
  return new Float64Array(list as ArrayLike<unknown> as ArrayLike<number>);
}
