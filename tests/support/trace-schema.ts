import { expect } from '@jest/globals';
import type { Trace, TraceEvent } from 'thread-system';

type Slice = TraceEvent & { readonly dur: number };

/** The fields that an event of each kind has besides `ph`, `name`, `pid`, `tid`, `ts` and `args`, by the trace event format. */
const FIELDS = {
  X: ['cat', 'dur'],
  b: ['cat', 'id'],
  e: ['cat', 'id'],
  s: ['cat', 'id'],
  t: ['cat', 'id'],
  f: ['cat', 'id', 'bp'],
  i: ['cat', 's'],
  C: [],
  M: [],
} as const satisfies Readonly<Record<TraceEvent['ph'], readonly (keyof TraceEvent)[]>>;

/** Names of colours that `chrome://tracing` knows: it refuses a file with another. */
const COLOURS = [undefined, 'good', 'bad', 'terrible', 'grey', 'thread_state_running', 'thread_state_runnable'];

/** Checks that a trace is one that Perfetto and `chrome://tracing` read, and returns it as they get it: from JSON. */
export function checked(trace: Trace): TraceEvent[] {
  const read = JSON.parse(JSON.stringify(trace)) as Trace;
  expect(Object.keys(read)).toEqual(['traceEvents', 'displayTimeUnit']);
  expect(read.displayTimeUnit).toBe('ms');
  const events = [...read.traceEvents];
  expect(events.filter((event) => !isWellFormed(event))).toEqual([]);
  checkLanes(events);
  checkWaits(events);
  checkFlows(events);
  checkNames(events);
  return events;
}

function isWellFormed(event: TraceEvent): boolean {
  const { ph, name, pid, tid, ts, args, cname } = event;
  const numbers = [pid, tid, ts, event.dur ?? 0, event.id ?? 1];
  return (
    FIELDS[ph].every((field) => field in event) &&
    typeof name === 'string' &&
    name !== '' &&
    numbers.every((number) => Number.isFinite(number) && number >= 0) &&
    [pid, tid, event.id ?? 1].every((number) => Number.isInteger(number) && number > 0) &&
    typeof args === 'object' &&
    COLOURS.includes(cname)
  );
}

/** Slices of one thread never overlap, and come in order. */
function checkLanes(events: readonly TraceEvent[]): void {
  const ends = new Map<number, number>();
  for (const { tid, ts, dur } of slicesOf(events)) {
    expect(ts).toBeGreaterThanOrEqual(ends.get(tid) ?? 0);
    ends.set(tid, ts + dur);
  }
}

/** Each wait that begins ends, later, and before the next of that job. */
function checkWaits(events: readonly TraceEvent[]): void {
  const open = new Map<string, number>();
  const keyOf = ({ cat, id, name }: TraceEvent): string => `${cat} ${id} ${name}`;
  for (const event of events) {
    if (event.ph === 'b') {
      expect(open.has(keyOf(event))).toBe(false);
      open.set(keyOf(event), event.ts);
    } else if (event.ph === 'e') {
      expect(event.ts).toBeGreaterThanOrEqual(open.get(keyOf(event)) ?? Number.POSITIVE_INFINITY);
      open.delete(keyOf(event));
    }
  }
  expect([...open.keys()]).toEqual([]);
}

/** Each step of a flow is in a slice of its thread, and comes in order of time. */
function checkFlows(events: readonly TraceEvent[]): void {
  const last = new Map<number, TraceEvent>();
  const latest = new Map<number, number>();
  for (const event of events) {
    const { ph, tid, ts, id = 0 } = event;
    if (ph === 'X') last.set(tid, event);
    if (ph !== 's' && ph !== 't' && ph !== 'f') continue;
    const slice = last.get(tid);
    expect(slice?.ts).toBeLessThanOrEqual(ts);
    expect((slice?.ts ?? 0) + (slice?.dur ?? 0)).toBeGreaterThanOrEqual(ts);
    expect(ts).toBeGreaterThanOrEqual(latest.get(id) ?? 0);
    latest.set(id, ts);
  }
}

/** Each thread is named once, and each process. */
function checkNames(events: readonly TraceEvent[]): void {
  const named = events.filter(({ ph, name }) => ph === 'M' && name === 'thread_name').map(({ tid }) => tid);
  expect(new Set(named).size).toBe(named.length);
  expect(events.filter(({ tid }) => !named.includes(tid))).toEqual([]);
  expect(events.filter(({ ph, name }) => ph === 'M' && name === 'process_name')).toHaveLength(1);
}

export function slicesOf(events: readonly TraceEvent[], cat?: string): Slice[] {
  return events.filter((event): event is Slice => event.ph === 'X' && (cat === undefined || event.cat === cat));
}

export function instantsOf(events: readonly TraceEvent[], name: string): TraceEvent[] {
  return events.filter((event) => event.ph === 'i' && event.name === name);
}

/** The names of the threads, in the order in which they are shown. */
export function threadsOf(events: readonly TraceEvent[]): string[] {
  return events
    .filter(({ ph, name }) => ph === 'M' && name === 'thread_name')
    .map(({ args }) => args['name'] as string);
}

/** The name of the thread of an event. */
export function threadOf(events: readonly TraceEvent[], { tid }: TraceEvent): unknown {
  return events.find((event) => event.ph === 'M' && event.name === 'thread_name' && event.tid === tid)?.args['name'];
}
