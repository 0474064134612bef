import type { TraceEvent } from './trace.js';

/** Fractions of a µs to which times are rounded: a power of two, so that a time plus a duration is exact. */
const PARTS_OF_US = 8;

/** A thread of a trace. */
export interface Track {
  readonly pid: number;
  readonly tid: number;
}

type Args = TraceEvent['args'];

/** Converts a time in ms to µs. */
function toUs(ms: number): number {
  return Math.round(ms * 1_000 * PARTS_OF_US) / PARTS_OF_US;
}

/** The fields of an event besides its time. */
interface What {
  readonly name: string;
  readonly cat: string;
  readonly args?: Args;
  readonly cname?: string | undefined;
}

/** Collects the events of a trace. All times are given in ms of `now()`. */
export class EventWriter {
  readonly #names: TraceEvent[] = [];
  readonly #events: TraceEvent[] = [];

  /** Names a process, or a thread. */
  name(track: Track, kind: 'process_name' | 'thread_name', name: string): void {
    this.#names.push({ ph: 'M', name: kind, ...track, ts: 0, args: { name } });
  }

  /** @param position among the threads of the process. */
  place(track: Track, position: number): void {
    this.#names.push({ ph: 'M', name: 'thread_sort_index', ...track, ts: 0, args: { sort_index: position } });
  }

  slice(track: Track, span: { readonly begunAtMs: number; readonly endedAtMs: number }, what: What): void {
    const { name, cat, args = {}, cname } = what;
    const ts = toUs(span.begunAtMs);
    const dur = toUs(span.endedAtMs) - ts;
    this.#events.push({ ph: 'X', name, cat, ...track, ts, dur, ...(cname === undefined ? {} : { cname }), args });
  }

  instant(track: Track, atMs: number, { name, cat, args = {} }: What): void {
    this.#events.push({ ph: 'i', name, cat, ...track, ts: toUs(atMs), s: 't', args });
  }

  /** A slice that may overlap others of its kind. */
  wait(
    track: Track,
    span: { readonly begunAtMs: number; readonly endedAtMs: number },
    what: What & { readonly id: number },
  ): void {
    const { name, cat, id, args = {} } = what;
    this.#events.push({ ph: 'b', name, cat, ...track, ts: toUs(span.begunAtMs), id, args });
    this.#events.push({ ph: 'e', name, cat, ...track, ts: toUs(span.endedAtMs), id, args: {} });
  }

  /** A step of a flow, in the slice of that thread that was added last. */
  flow(track: Track, atMs: number, { ph, id }: { readonly ph: 's' | 't' | 'f'; readonly id: number }): void {
    const end = ph === 'f' ? { bp: 'e' as const } : {};
    this.#events.push({ ph, name: 'job', cat: 'job', ...track, ts: toUs(atMs), id, ...end, args: {} });
  }

  counter(track: Track, atMs: number, { name, args }: { readonly name: string; readonly args: Args }): void {
    this.#events.push({ ph: 'C', name, ...track, ts: toUs(atMs), args });
  }

  /** All events in the order of time; of one moment, in the order in which they were added. */
  all(): TraceEvent[] {
    return [...this.#names, ...this.#events.sort((a, b) => a.ts - b.ts)];
  }
}
