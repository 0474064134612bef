/**
 * Durations as whole tenths of a microsecond. Small integers travel between functions without an allocation; fractions of
 * a millisecond would each be an object on the heap, at a million jobs a second.
 */
export const TICKS_PER_MS = 10_000;

const LARGEST_SMALL_MS = 200_000;

export function toTicks(ms: number): number {
  const ticks = ms * TICKS_PER_MS + 0.5;
  return ms < LARGEST_SMALL_MS ? ticks | 0 : Math.floor(ticks);
}
