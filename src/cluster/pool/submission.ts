import { now } from '../../base/clock.js';
import type { FailedAttempt } from '../../core/events.js';
import type { Ledger } from '../../core/ledger.js';
import type { Job } from '../../jobs/job.js';
import { failureOf, isSettled, setOwner } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { JobOrigin } from '../../jobs/job-extras.js';
import type { JobOwner, Moment } from '../../jobs/job-owner.js';
import type { StopCause } from '../../jobs/stop-cause.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { FlowInput } from '../codec/job-data.js';
import { type BatchPosition, memberId } from '../codec/job-id.js';
import type { RequestKind, RunInfo } from '../codec/notices.js';
import type { Measured } from '../codec/value-codec.js';

/**
 * How far a job is on its way to Redis.
 *
 * | phase | from | when |
 * |---|---|---|
 * | `deferred` | | it waits for other jobs of this pool |
 * | `queued` | deferred | it waits for its turn to be sent |
 * | `adding` | queued | it is being sent: whether Redis has it is not known |
 * | `added` | adding | Redis has it |
 */
export type SubmissionPhase = 'deferred' | 'queued' | 'adding' | 'added';

/** An attempt on a host, as the owner of the job: the job's state is read from here. */
class RemoteRun implements JobOwner {
  readonly workerId: number;
  readonly attempt: number;
  readonly since: Moment | undefined;
  readonly #begunAtMs: number | undefined;

  /**
   * @param attempt number of the last attempt that has ended.
   * @param times when the code began, if it runs; since when it had waited, if it has ended.
   */
  constructor(
    workerId: number,
    attempt: number,
    times: { readonly begunAtMs?: number; readonly since?: Moment | undefined } = {},
  ) {
    this.workerId = workerId;
    this.attempt = attempt;
    this.since = times.since;
    this.#begunAtMs = times.begunAtMs;
  }

  hasBegun(): boolean {
    return this.#begunAtMs !== undefined;
  }

  begunAtMs(): number {
    return this.#begunAtMs ?? 0;
  }
}

/** Where a job is counted and settled: with the jobs of its submitter, or with those that it has looked up. */
export interface Books {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly events: BookedEvents;
}

/** The events of a job until it settles; the ledger emits the others. */
interface BookedEvents {
  emit(event: 'jobStarted', job: Job): void;
  emit(event: 'jobRetried', job: Job, more: FailedAttempt): void;
  emit(event: 'jobRecovered', job: Job, more: { readonly hostId: string }): void;
}

/** What a job is submitted with. */
export interface SubmissionSettings {
  /** Returns an id for the job. Called when the id is first read, unless the job got one as a member of a batch. */
  readonly identify: (submission: Submission) => string;
  readonly books: Books;
  /** Delay before the first attempt, in ms. */
  readonly delayMs: number;
  /** How many attempts at the call were made by other jobs before. */
  readonly attemptsBefore?: number;
}

/** The place of a job in a flow: a tree of jobs that Redis gets at once, in which each waits for those before it. */
export interface FlowPlace {
  /** All jobs of the flow, each after those before it. */
  readonly members: readonly Submission[];
  readonly before: readonly Submission[];
  /** The encoded arguments, with `null` in place of each result of another job. */
  readonly measured: Measured;
  readonly inputs: readonly FlowInput[];
}

/** One job of a submitter: the `Job` that settles here, and what is known of its counterpart in Redis. */
export class Submission implements JobOrigin {
  readonly job: Job;
  readonly books: Books;
  /** The batch that the job is in, and its index there. */
  position: BatchPosition | undefined;
  /** The place of the job in a flow, if it is in one. */
  flow: FlowPlace | undefined;
  readonly #identify: (submission: Submission) => string;
  #ownId: string | undefined;
  /** The id of the job of the same `key` that it has joined. */
  #joinedId: string | undefined;
  readonly attemptsBefore: number;
  phase: SubmissionPhase = 'deferred';
  readonly submittedAtMs = now();
  /** Delay before the first attempt, in ms. */
  readonly delayMs: number;
  /** When something was last heard of the job, in ms of `now()`. */
  heardAtMs = now();
  /** The host that ran it last, as last heard. */
  hostId: string | undefined;
  /** Hosts that are known to have run it. */
  readonly hosts = new Set<string>();
  /** How it will settle, once that is decided, whatever becomes of its record. */
  decided: StopCause | undefined;
  /** How often its record was found to be gone, and the job was added again. */
  timesLost = 0;
  #whenAdded: Promise<void> | undefined;
  #added: { resolve(): void; reject(error: unknown): void } | undefined;
  #awaited: { readonly kind: RequestKind; readonly resolve: (reply: boolean) => void }[] = [];

  constructor(job: Job, { identify, books, delayMs, attemptsBefore = 0 }: SubmissionSettings) {
    this.job = job;
    this.#identify = identify;
    this.books = books;
    this.delayMs = delayMs;
    this.attemptsBefore = attemptsBefore;
  }

  /** The jobs that are sent with it: those of its flow, or it alone. */
  get sentTogether(): readonly Submission[] {
    return this.flow?.members ?? [this];
  }

  /** The id by which all processes know the job: that of another job, if it has joined that by its `key`. */
  get id(): string {
    return this.#joinedId ?? this.ownId;
  }

  /** The id that this submitter has chosen. */
  get ownId(): string {
    this.#ownId ??= this.#identify(this);
    return this.#ownId;
  }

  /** Whether the id was read: then the job is not put into a batch, so that its id is that of a record. */
  get isIdentified(): boolean {
    return this.#ownId !== undefined;
  }

  /** The id of the record in Redis. */
  get recordId(): string {
    return this.position?.batchId ?? this.id;
  }

  /** Makes the job a member of a batch. */
  enterBatch(position: BatchPosition): void {
    this.position = position;
    this.#ownId = memberId(position.batchId, position.index);
  }

  /** Makes the job one of its own again, under its id. */
  leaveBatch(): void {
    this.position = undefined;
  }

  /** Resolves once Redis has the job; rejects if the job settles before. To ask for it observes no failure. */
  get whenAdded(): Promise<void> {
    this.#whenAdded ??= this.#makeWhenAdded();
    return this.#whenAdded;
  }

  #makeWhenAdded(): Promise<void> {
    if (this.phase === 'added') return Promise.resolve();
    const promise = new Promise<void>((resolve, reject) => {
      this.#added = { resolve, reject };
    });
    const settled = (): void => this.#added?.reject(failureOf(this.job));
    promise.catch(() => {}); // those who ask for it observe it
    if (isSettled(this.job)) settled();
    else whenSettled(this.job, settled);
    return promise;
  }

  /** Redis has the job. */
  added(): void {
    this.phase = 'added';
    this.heardAtMs = now();
    this.#added?.resolve();
  }

  /** Redis has another job with the same `key`, which this one stands for from now on. */
  join(id: string): void {
    this.#joinedId = id;
  }

  /** The job that it had joined is gone: this one is to be added by itself. */
  leave(): void {
    this.#joinedId = undefined;
  }

  get hasJoined(): boolean {
    return this.#joinedId !== undefined;
  }

  /** A host says that the code runs. */
  begun([attempt, , ranMs, workerId, host]: RunInfo): void {
    this.#ranOn(host);
    setOwner(this.job, new RemoteRun(workerId, attempt - 1, { begunAtMs: now() - ranMs }));
  }

  /** Returns the record of an attempt that has ended. */
  ended([attempt, queuedMs, executionMs, workerId, host]: RunInfo): JobOwner {
    this.#ranOn(host);
    return new RemoteRun(workerId, attempt, { since: { ms: now() - executionMs - queuedMs } });
  }

  /** The job waits again. @param attempts how many were begun. */
  waits(attempts: number): void {
    setOwner(this.job, new RemoteRun(0, attempts));
  }

  #ranOn(host: string): void {
    this.hostId = host;
    this.hosts.add(host);
  }

  /** Resolves with the host's reply to a request, or once the job has settled with `settled()`. */
  reply(kind: RequestKind, settled: () => boolean): Promise<boolean> {
    if (isSettled(this.job)) return Promise.resolve(settled());
    return new Promise((resolve) => {
      this.#awaited.push({ kind, resolve });
      whenSettled(this.job, () => resolve(settled()));
    });
  }

  /** A host has replied to a request. */
  replied(kind: RequestKind, reply: boolean): void {
    const awaited = this.#awaited;
    this.#awaited = awaited.filter((each) => each.kind !== kind);
    for (const each of awaited) if (each.kind === kind) each.resolve(reply);
  }
}
