/** How far a slice may overlap the one before it on the same track, in ms: times are rounded one by one. */
export const ROUNDING_MS = 0.002;

/** When something ran, in ms. */
export interface Span {
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

/** A span and its track. */
export interface OnTrack<T> {
  readonly span: T;
  /** From 0. */
  readonly track: number;
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

/**
 * Distributes spans over as few tracks as possible, so that those of a track do not overlap: each goes to the first track that is
 * free when it begins.
 *
 * @param spans in the order of their beginnings.
 */
export function assignTracks<T extends Span>(spans: readonly T[]): OnTrack<T>[] {
  const ends: number[] = [];
  return spans.map((span) => {
    const { begunAtMs, endedAtMs } = span;
    const free = ends.findIndex((end) => end - ROUNDING_MS <= begunAtMs);
    const track = free === -1 ? ends.length : free;
    const from = Math.max(begunAtMs, ends[track] ?? begunAtMs);
    const to = Math.max(from, endedAtMs);
    ends[track] = to;
    return { span, track, begunAtMs: from, endedAtMs: to };
  });
}
