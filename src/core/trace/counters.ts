import type { EventWriter, Track } from './event-writer.js';
import type { TracedAttempt } from './traced.js';
import { ROUNDING_MS } from './tracks.js';

/** Most values of a counter: what changes more often is shown at regular intervals. */
const MOST_VALUES = 2_000;
/** Number of intervals for which the throughput is counted, and the shortest length of one, in ms. */
const THROUGHPUT_PARTS = 200;
const SHORTEST_PART_MS = 10;

/** The time that a trace covers, in ms of `now()`. */
interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Change {
  readonly atMs: number;
  readonly by: 1 | -1;
}

/** Adds the counters of a trace: how many jobs wait and run, and how many settle in a second. */
export function addCounters(
  writer: EventWriter,
  track: Track,
  { attempts, ...period }: Period & { readonly attempts: readonly TracedAttempt[] },
): void {
  const pending: Change[] = [];
  const active: Change[] = [];
  const settledAtMs: number[] = [];
  for (const { sinceMs, begunAtMs, endedAtMs, settledAtMs: settled, what } of attempts) {
    const isOpen = settled === undefined;
    pending.push({ atMs: sinceMs, by: 1 });
    if (begunAtMs !== undefined || !isOpen) pending.push({ atMs: begunAtMs ?? endedAtMs, by: -1 });
    if (begunAtMs !== undefined) active.push({ atMs: begunAtMs, by: 1 });
    if (begunAtMs !== undefined && what.state !== 'RUNNING') active.push({ atMs: endedAtMs, by: -1 });
    if (!isOpen && what.retryInMs === undefined) settledAtMs.push(settled);
  }
  addLevel(writer, track, { name: 'pending', changes: pending, ...period });
  addLevel(writer, track, { name: 'active', changes: active, ...period });
  addThroughput(writer, track, { settledAtMs, ...period });
}

function addLevel(
  writer: EventWriter,
  track: Track,
  { name, changes, fromMs, toMs }: Period & { readonly name: string; readonly changes: Change[] },
): void {
  // one job ends before the next begins, however their times were rounded
  const rankOf = ({ atMs, by }: Change): number => (by < 0 ? atMs - ROUNDING_MS : atMs);
  changes.sort((a, b) => rankOf(a) - rankOf(b));
  const spacingMs = changes.length <= MOST_VALUES ? 0 : (toMs - fromMs) / MOST_VALUES;
  let jobs = 0;
  let nextMs = Number.NEGATIVE_INFINITY;
  const write = (atMs: number): void => writer.counter(track, atMs, { name, args: { jobs } });
  for (const [index, { atMs, by }] of changes.entries()) {
    jobs += by;
    const following = changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    if (following === atMs || following < nextMs) continue; // only the last of a moment counts
    write(atMs);
    nextMs = atMs + spacingMs;
  }
  write(toMs);
}

function addThroughput(
  writer: EventWriter,
  track: Track,
  { settledAtMs, fromMs, toMs }: Period & { readonly settledAtMs: readonly number[] },
): void {
  const partMs = Math.max(SHORTEST_PART_MS, (toMs - fromMs) / THROUGHPUT_PARTS);
  const counts = new Array<number>(Math.max(1, Math.ceil((toMs - fromMs) / partMs))).fill(0);
  for (const atMs of settledAtMs) {
    const part = Math.min(counts.length - 1, Math.max(0, Math.floor((atMs - fromMs) / partMs)));
    counts[part] = (counts[part] ?? 0) + 1;
  }
  for (const [part, count] of counts.entries())
    writer.counter(track, fromMs + part * partMs, { name: 'throughput', args: { 'jobs/s': (count * 1_000) / partMs } });
}
