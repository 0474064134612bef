import type { Collection } from '../../contract/collections.js';
import { addCounters } from './counters.js';
import { EventWriter, type Track } from './event-writer.js';
import type { Trace } from './trace.js';
import type { AttemptNotes, Recorded, TracedAttempt, TracedHook, WorkerLife } from './traced.js';
import { assignTracks, type OnTrack } from './tracks.js';

/** Distance between the thread ids of one pool and those of the next. */
const TIDS_OF_POOL = 100_000;
/** Most tracks of a worker that are named although nothing ran there. */
const MOST_IDLE_TRACKS = 64;

/** Colours of `chrome://tracing`; Perfetto chooses its own. */
const COLOURS = {
  COMPLETED: 'good',
  FAILED: 'terrible',
  CANCELLED: 'grey',
  RUNNING: 'thread_state_running',
  PENDING: 'thread_state_runnable',
} as const satisfies Readonly<Record<AttemptNotes['state'], string>>;

/** Names of the kinds of collections of `node:perf_hooks`. */
const COLLECTIONS: ReadonlyMap<number, string> = new Map([
  [1, 'minor GC'],
  [2, 'minor GC'],
  [4, 'major GC'],
  [8, 'incremental marking'],
  [16, 'weak callbacks'],
]);

/** An attempt whose code has begun. */
interface Run extends TracedAttempt {
  readonly begunAtMs: number;
}

/** What a worker ran, by the worker's track. */
type Ran = { readonly kind: 'job'; readonly run: Run } | { readonly kind: 'hook'; readonly hook: TracedHook };

type Slice = Ran & { readonly begunAtMs: number; readonly endedAtMs: number };

/** Makes the trace of what was recorded of a pool. */
export function traceOf(recorded: Recorded): Trace {
  return { traceEvents: new PoolTrace(recorded).events(), displayTimeUnit: 'ms' };
}

class PoolTrace {
  readonly #recorded: Recorded;
  readonly #writer = new EventWriter();
  /** The pool's thread. */
  readonly #main: Track;
  #lastTid: number;

  constructor(recorded: Recorded) {
    this.#recorded = recorded;
    const pid = recorded.number;
    this.#main = { pid, tid: pid * TIDS_OF_POOL };
    this.#lastTid = this.#main.tid;
  }

  events(): Trace['traceEvents'] {
    const { pool, fromMs, toMs, attempts, workers, collections, isIncomplete } = this.#recorded;
    const writer = this.#writer;
    writer.name(this.#main, 'process_name', pool);
    this.#nameThread(this.#main, 'pool');
    if (isIncomplete)
      writer.instant(this.#main, fromMs, { name: 'more jobs than a trace keeps: some are missing', cat: 'pool' });
    const runs = attempts.filter(hasRun);
    this.#handOvers(runs);
    for (const attempt of attempts) this.#wait(attempt);
    const byWorker = groupBy(runs, ({ workerId }) => workerId);
    for (const life of [...workers].sort((a, b) => a.workerId - b.workerId))
      this.#worker(life, byWorker.get(life.workerId) ?? []);
    this.#collections('pool', collections);
    addCounters(writer, this.#main, { attempts, fromMs, toMs });
    return writer.all();
  }

  #nameThread(track: Track, name: string): void {
    this.#writer.name(track, 'thread_name', name);
    this.#writer.place(track, track.tid - this.#main.tid);
  }

  #addThread(name: string): Track {
    const track = { pid: this.#main.pid, tid: ++this.#lastTid };
    this.#nameThread(track, name);
    return track;
  }

  /** The moments at which jobs were submitted and their ends were read, each with the flows of its jobs. */
  #handOvers(runs: readonly Run[]): void {
    const submitted = groupBy(runs, ({ what, sinceMs }) => (what.attempt === 1 ? sinceMs : undefined));
    const settled = groupBy(runs, ({ what, settledAtMs }) => (what.retryInMs === undefined ? settledAtMs : undefined));
    for (const [atMs, jobs] of submitted) this.#handOver('submit', atMs, jobs);
    for (const [atMs, jobs] of settled) this.#handOver('settle', atMs, jobs);
  }

  #handOver(name: 'submit' | 'settle', atMs: number, jobs: readonly Run[]): void {
    const main = this.#main;
    this.#writer.slice(main, { begunAtMs: atMs, endedAtMs: atMs }, { name, cat: 'pool', args: { jobs: jobs.length } });
    for (const { jobId } of jobs) this.#writer.flow(main, atMs, { ph: name === 'submit' ? 's' : 'f', id: jobId });
  }

  #wait({ jobId, sinceMs, begunAtMs, endedAtMs, what }: TracedAttempt): void {
    const { task, priority, attempt, state, error, stop } = what;
    const span = { begunAtMs: sinceMs, endedAtMs: Math.max(sinceMs, begunAtMs ?? endedAtMs) };
    const outcome = begunAtMs === undefined ? { state, error } : {};
    const args = { id: what.shownId ?? jobId, name: what.name, task, attempt, ...outcome };
    this.#writer.wait(this.#main, span, { name: `queue, priority ${priority}`, cat: 'queue', id: jobId, args });
    if (begunAtMs === undefined && stop !== undefined) this.#stop(this.#main, jobId, { what, endedAtMs });
  }

  #worker(life: WorkerLife, runs: readonly Run[]): void {
    const { fromMs } = this.#recorded;
    const hooks = life.hooks.filter(({ endedAtMs }) => endedAtMs >= fromMs);
    const slices: Slice[] = [
      ...runs.map((run) => ({ kind: 'job' as const, run, begunAtMs: run.begunAtMs, endedAtMs: run.endedAtMs })),
      ...hooks.map((hook) => ({ kind: 'hook' as const, hook, begunAtMs: hook.begunAtMs, endedAtMs: hook.endedAtMs })),
    ];
    const placed = assignTracks(slices.sort((a, b) => a.begunAtMs - b.begunAtMs));
    const tracks = this.#tracksOf(life, placed);
    const [first] = tracks;
    if (first === undefined) return;
    this.#life(life, first, slices[0]?.begunAtMs);
    for (const slice of placed) this.#slice(tracks[slice.track] ?? first, slice);
    this.#collections(`worker ${life.workerId}`, life.collections);
  }

  #tracksOf({ workerId, concurrency }: WorkerLife, placed: readonly OnTrack<Slice>[]): Track[] {
    let count = concurrency <= MOST_IDLE_TRACKS ? concurrency : 1;
    for (const { track } of placed) count = Math.max(count, track + 1);
    const name = `worker ${workerId}`;
    return Array.from({ length: count }, (_, track) => this.#addThread(count === 1 ? name : `${name}.${track + 1}`));
  }

  /** The start of a worker's thread, until the first thing that it ran, and its exit. */
  #life({ startedAtMs, readyAtMs, exit }: WorkerLife, track: Track, firstMs: number | undefined): void {
    const { fromMs, toMs } = this.#recorded;
    const endedAtMs = Math.max(startedAtMs, Math.min(readyAtMs ?? exit?.atMs ?? toMs, firstMs ?? toMs));
    if (endedAtMs >= fromMs)
      this.#writer.slice(track, { begunAtMs: startedAtMs, endedAtMs }, { name: 'start', cat: 'worker' });
    if (exit === undefined) return;
    const { atMs, reason, exitCode, jobs, error } = exit;
    this.#writer.instant(track, atMs, { name: 'exit', cat: 'worker', args: { reason, exitCode, jobs, error } });
  }

  #slice(track: Track, { span, begunAtMs, endedAtMs }: OnTrack<Slice>): void {
    if (span.kind === 'hook') {
      const { kind, task, error } = span.hook;
      const cname = error === undefined ? undefined : COLOURS.FAILED;
      this.#writer.slice(track, { begunAtMs, endedAtMs }, { name: kind, cat: 'worker', cname, args: { task, error } });
      return;
    }
    const { jobId, what } = span.run;
    const { task, priority, attempt, state, error, progress, retryInMs, stop } = what;
    const args = { id: what.shownId ?? jobId, task, priority, attempt, state, error, progress, retryInMs };
    const cname = retryInMs === undefined ? COLOURS[state] : 'bad';
    this.#writer.slice(track, { begunAtMs, endedAtMs }, { name: what.name, cat: 'job', cname, args });
    this.#writer.flow(track, begunAtMs, { ph: 't', id: jobId });
    if (stop !== undefined) this.#stop(track, jobId, { what, endedAtMs });
  }

  /** The moment at which a job was asked to stop, and how long it took to end. */
  #stop(track: Track, jobId: number, { what, endedAtMs }: Pick<TracedAttempt, 'what' | 'endedAtMs'>): void {
    const { stop, task } = what;
    if (stop === undefined) return;
    const endsInMs = what.state === 'RUNNING' ? undefined : Math.max(0, endedAtMs - stop.atMs);
    const args = { id: what.shownId ?? jobId, task, reason: stop.reason, endsInMs };
    this.#writer.instant(track, stop.atMs, { name: stop.kind, cat: 'job', args });
  }

  /** Adds garbage collections on tracks of their own, as they happen within the slices of jobs. */
  #collections(of: string, collections: readonly Collection[]): void {
    const { fromMs } = this.#recorded;
    const spans = collections
      .map(({ beganAtMs, tookMs, kind }) => ({ begunAtMs: beganAtMs, endedAtMs: beganAtMs + tookMs, kind }))
      .filter(({ endedAtMs }) => endedAtMs >= fromMs)
      .sort((a, b) => a.begunAtMs - b.begunAtMs);
    if (spans.length === 0) return;
    const tracks: Track[] = [];
    for (const { span, track, begunAtMs, endedAtMs } of assignTracks(spans)) {
      tracks[track] ??= this.#addThread(`${of} gc`);
      const name = COLLECTIONS.get(span.kind) ?? 'GC';
      this.#writer.slice(tracks[track], { begunAtMs, endedAtMs }, { name, cat: 'gc' });
    }
  }
}

function hasRun(attempt: TracedAttempt): attempt is Run {
  return attempt.begunAtMs !== undefined;
}

/** Groups items by the key that `keyOf` returns, without those whose key is `undefined`. */
function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K | undefined): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
