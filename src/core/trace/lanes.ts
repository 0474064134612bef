/** What may lie over the end of the slice before it without a lane of its own, in ms: times are rounded, each by itself. */
export const ROUNDING_MS = 0.002;

/** When something ran, in ms. */
export interface Span {
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

/** A span in a lane. */
export interface Placed<T> {
  readonly span: T;
  /** From 0. */
  readonly lane: number;
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

/**
 * Distributes spans over as few lanes as possible, so that those of a lane do not overlap: each goes to the first lane that is free
 * when it begins.
 *
 * @param spans in the order of their beginnings.
 */
export function placeInLanes<T extends Span>(spans: readonly T[]): Placed<T>[] {
  const ends: number[] = [];
  return spans.map((span) => {
    const { begunAtMs, endedAtMs } = span;
    const free = ends.findIndex((end) => end - ROUNDING_MS <= begunAtMs);
    const lane = free === -1 ? ends.length : free;
    const from = Math.max(begunAtMs, ends[lane] ?? begunAtMs);
    const to = Math.max(from, endedAtMs);
    ends[lane] = to;
    return { span, lane, begunAtMs: from, endedAtMs: to };
  });
}
