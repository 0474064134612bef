import { now } from '../../base/clock.js';
import type { Job } from '../../jobs/job.js';
import { isSettled, setOwner } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { JobOwner } from '../../jobs/job-owner.js';
import type { RunInfo } from '../codec/notices.js';

/**
 * Where a job is on its way to Redis.
 *
 * | phase | from | when |
 * |---|---|---|
 * | `held` | | it waits for other jobs of this pool |
 * | `queued` | held | it waits for its turn to be sent |
 * | `adding` | queued | it is being sent: whether Redis has it is not known |
 * | `added` | adding | Redis has it |
 */
export type SubmissionPhase = 'held' | 'queued' | 'adding' | 'added';

/** An attempt on a host, in the role of what has the job: its state is read from here. */
class RemoteRun implements JobOwner {
  readonly workerId: number;
  readonly attempt: number;
  readonly #begunAtMs: number | undefined;

  /** @param attempt number of the last attempt that has ended. */
  constructor(workerId: number, attempt: number, begunAtMs: number | undefined) {
    this.workerId = workerId;
    this.attempt = attempt;
    this.#begunAtMs = begunAtMs;
  }

  hasBegun(): boolean {
    return this.#begunAtMs !== undefined;
  }

  begunAtMs(): number {
    return this.#begunAtMs ?? 0;
  }
}

/** One job of a submitter: the `Job` that settles here, and what is known of its counterpart in Redis. */
export class Submission {
  readonly job: Job;
  readonly id: string;
  phase: SubmissionPhase = 'held';
  readonly submittedAtMs = now();
  /** Delay before the first attempt, in ms. */
  readonly delayMs: number;
  /** When something was last heard of the job, in ms of `now()`. */
  heardAtMs = now();
  /** The host that ran it last, as last heard. */
  hostId: string | undefined;
  /** Hosts that are known to have run it. */
  readonly hosts = new Set<string>();
  /** How often its record was found to be gone, and the job was added again. */
  timesLost = 0;
  #whenAdded: Promise<void> | undefined;
  #added: { resolve(): void; reject(error: unknown): void } | undefined;
  #answers: { readonly kind: 'cancel' | 'priority'; readonly resolve: (answer: boolean) => void }[] = [];

  constructor(job: Job, id: string, delayMs: number) {
    this.job = job;
    this.id = id;
    this.delayMs = delayMs;
  }

  /** Resolves once Redis has the job; rejects if the job settles before. Not a rejection unless asked for. */
  get whenAdded(): Promise<void> {
    this.#whenAdded ??= this.#makeWhenAdded();
    return this.#whenAdded;
  }

  #makeWhenAdded(): Promise<void> {
    if (this.phase === 'added') return Promise.resolve();
    const promise = new Promise<void>((resolve, reject) => {
      this.#added = { resolve, reject };
    });
    const settled = (): void => this.#added?.reject(this.job.error);
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

  /** A host says that the code runs. */
  begun([attempt, , ranMs, workerId, host]: RunInfo): void {
    this.#ranOn(host);
    setOwner(this.job, new RemoteRun(workerId, attempt - 1, now() - ranMs));
  }

  /** Returns the record of an attempt that has ended. */
  ended([attempt, , , workerId, host]: RunInfo): JobOwner {
    this.#ranOn(host);
    return new RemoteRun(workerId, attempt, undefined);
  }

  /** The job waits again. @param attempts how many were begun. */
  waits(attempts: number): void {
    setOwner(this.job, new RemoteRun(0, attempts, undefined));
  }

  #ranOn(host: string): void {
    this.hostId = host;
    this.hosts.add(host);
  }

  /** Resolves with the host's answer to a request, or once the job has settled with `settled()`. */
  answer(kind: 'cancel' | 'priority', settled: () => boolean): Promise<boolean> {
    if (isSettled(this.job)) return Promise.resolve(settled());
    return new Promise((resolve) => {
      this.#answers.push({ kind, resolve });
      whenSettled(this.job, () => resolve(settled()));
    });
  }

  /** A host has answered a request. */
  answered(kind: 'cancel' | 'priority', answer: boolean): void {
    const answers = this.#answers;
    this.#answers = answers.filter((each) => each.kind !== kind);
    for (const each of answers) if (each.kind === kind) each.resolve(answer);
  }
}
