import { outsideRequests } from '../../base/async-context.js';
import { hasProperty } from '../../base/bare.js';
import { now, queueMicrotask } from '../../base/clock.js';
import { settlesWithin } from '../../base/timer.js';
import type { CodeEnd } from '../../contract/code-end.js';
import { type Collection, type CollectionStep, CollectionWatch } from '../../contract/collections.js';
import type { HookRun } from '../../host/hook-queue.js';
import type { ThreadExit } from '../../host/thread-exit.js';
import type { Job } from '../../jobs/job.js';
import type { EventHub, PoolEvent, PoolListener } from '../events.js';
import type { PoolKind } from '../options/pool-kind.js';
import type { PoolWorker } from '../pool-worker.js';
import { errorText } from './attempt-notes.js';
import { AttemptRing, MOST_ATTEMPTS } from './attempt-ring.js';
import { openAttempt, retriedAttempt, settledAttempt } from './attempts.js';
import type { HookKind, Recorded, TracedAttempt } from './traced.js';
import { addLatest, WorkerLives } from './worker-lives.js';

/** How many garbage collections of the pool's thread are kept. */
const MOST_COLLECTIONS = 8_192;
/** Longest wait for workers to reply: one that runs a loop replies when that ends. */
const REPLY_MS = 250;

/** A run of a worker's code that is not a job's, and how it ended. */
interface EndedHook {
  readonly kind: HookKind;
  readonly task: string;
  readonly end: CodeEnd;
}

/** What has been recorded since the recorder began. */
class Recording {
  readonly begunAtMs = now();
  readonly attempts = new AttemptRing();
  readonly lives = new WorkerLives();
  readonly collections: Collection[] = [];
  /** When the code of jobs that have not settled was asked to stop. */
  readonly stops = new WeakMap<Job, number>();
  /** Removes the listeners. */
  readonly removers: (() => void)[] = [];
}

/**
 * Records what traces are made of. It listens to the pool's events like any listener, and only while it records: otherwise it
 * costs a job nothing.
 */
export class TraceRecorder {
  readonly #events: EventHub;
  readonly #kind: PoolKind;
  readonly #watch = new CollectionWatch((seen, done) => this.#collectedHere(seen, done));
  #recording: Recording | undefined;
  /** How many traces are being recorded. */
  #uses = 0;
  /** When listeners began to be called in the present turn; 0 if none was. */
  #turnMs = 0;
  /** Requests to watch collections, by the threads that have not replied yet. */
  readonly #rounds = new Map<Set<object>, { readonly step: CollectionStep; readonly resolve: () => void }>();

  constructor(events: EventHub, kind: PoolKind) {
    this.#events = events;
    this.#kind = kind;
  }

  /** When the recording began, in ms of `now()`. */
  get begunAtMs(): number {
    return this.#recording?.begunAtMs ?? now();
  }

  /**
   * Begins to record, or continues for another trace. Resolves when the present workers observe their collections, or after a
   * while.
   *
   * @param workers all workers of the pool.
   */
  begin(workers: readonly PoolWorker[]): Promise<void> {
    if (this.#uses++ > 0) return Promise.resolve();
    const recording = new Recording();
    this.#recording = recording;
    for (const worker of workers) recording.lives.add(worker);
    this.#listen(recording);
    return this.#askAll(workers, 'start');
  }

  /** Forgets everything, unless another trace still needs it. @param workers all workers of the pool. */
  end(workers: readonly PoolWorker[]): void {
    if (--this.#uses > 0) return;
    for (const remove of this.#recording?.removers ?? []) remove();
    this.#recording = undefined;
    this.#watch.do('stop');
    for (const worker of workers) this.#ask(worker, 'stop');
  }

  workerStarting(worker: PoolWorker): void {
    if (this.#recording === undefined) return;
    this.#recording.lives.add(worker);
    this.#ask(worker, 'start');
  }

  workerReady(worker: PoolWorker): void {
    this.#recording?.lives.ready(worker);
  }

  workerExited(worker: PoolWorker, exit: ThreadExit): void {
    this.#recording?.lives.exited(worker, exit);
    this.#replied(worker, 'gone');
  }

  /** A worker has run code that is not a job's. */
  hookRan(worker: PoolWorker, { kind, task, end }: EndedHook, run: HookRun): void {
    const error = hasProperty(end, 'error') ? errorText(end.error) : undefined;
    this.#recording?.lives.hookRan(worker, { kind, task, error, ...run });
  }

  collected(worker: PoolWorker, collections: readonly Collection[], done: CollectionStep | undefined): void {
    this.#recording?.lives.collected(worker, collections);
    this.#replied(worker, done);
  }

  /** The code of a job is asked to stop. */
  stopping(job: Job): void {
    this.#recording?.stops.set(job, now());
  }

  /** Resolves when the workers and this thread have reported their last collections, or after a while. */
  readCollections(workers: readonly PoolWorker[]): Promise<void> {
    return this.#askAll(workers, 'read');
  }

  /** Asks the workers and this thread for a step. Resolves when all have done it, or after a while. */
  async #askAll(workers: readonly PoolWorker[], step: CollectionStep): Promise<void> {
    const asked = new Set<object>(workers.filter((worker) => this.#watches(worker))).add(this.#watch);
    const done = new Promise<void>((resolve) => {
      this.#rounds.set(asked, { step, resolve });
    });
    this.#watch.do(step);
    for (const worker of workers) this.#ask(worker, step);
    await settlesWithin(done, REPLY_MS);
    this.#rounds.delete(asked);
  }

  /**
   * What happened from `fromMs` until now.
   *
   * @param unsettled the jobs that have not settled.
   */
  read(fromMs: number, unsettled: Iterable<Job>): Omit<Recorded, 'pool' | 'number'> {
    const recording = this.#recording ?? new Recording();
    const toMs = now();
    const attempts = [...recording.attempts.since(fromMs)];
    const ended = attempts.length;
    for (const job of unsettled) {
      if (attempts.length - ended === MOST_ATTEMPTS) break;
      attempts.push(openAttempt(job, { atMs: toMs, stoppedAtMs: recording.stops.get(job) }));
    }
    return {
      ...{ fromMs, toMs, attempts },
      workers: recording.lives.all.filter(({ exit }) => exit === undefined || exit.atMs >= fromMs),
      collections: recording.collections,
      isIncomplete: recording.attempts.hasForgotten(fromMs) || attempts.length - ended === MOST_ATTEMPTS,
    };
  }

  #listen(recording: Recording): void {
    const { attempts, stops, removers } = recording;
    const record = <E extends PoolEvent>(event: E, listener: PoolListener<E>): void => {
      removers.push(outsideRequests(() => this.#events.watch(event, listener)));
    };
    const add = (job: Job, attemptOf: (seen: Parameters<typeof settledAttempt>[1]) => TracedAttempt): void => {
      attempts.add(attemptOf({ atMs: this.#turnNow(), stoppedAtMs: stops.get(job) }));
      stops.delete(job);
    };
    for (const event of ['jobCompleted', 'jobFailed', 'jobCancelled'] as const)
      record(event, (job) => add(job, (seen) => settledAttempt(job, seen)));
    record('jobRetried', (job, failed) => add(job, (seen) => retriedAttempt(job, failed, seen)));
  }

  /** The time, read once a turn: all events of a turn happened at the same moment. */
  #turnNow(): number {
    if (this.#turnMs === 0) {
      this.#turnMs = now();
      queueMicrotask(() => {
        this.#turnMs = 0;
      });
    }
    return this.#turnMs;
  }

  #collectedHere(collections: readonly Collection[], done: CollectionStep | undefined): void {
    const recording = this.#recording;
    if (recording !== undefined) addLatest(recording.collections, collections, MOST_COLLECTIONS);
    this.#replied(this.#watch, done);
  }

  #replied(who: object, done: CollectionStep | 'gone' | undefined): void {
    if (done === undefined) return;
    for (const [asked, { step, resolve }] of this.#rounds)
      if ((step === done || done === 'gone') && asked.delete(who) && asked.size === 0) resolve();
  }

  /** Whether the worker has collections of its own: those of an inline one are this thread's. */
  #watches(worker: PoolWorker): boolean {
    return this.#kind !== 'inline' && worker.isOpen;
  }

  #ask(worker: PoolWorker, step: CollectionStep): void {
    if (this.#watches(worker)) worker.post({ kind: 'collections', step });
  }
}
