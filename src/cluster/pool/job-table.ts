import type { Job } from '../../jobs/job.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { RunInfo } from '../codec/notices.js';
import type { ClusterJob } from './cluster-job.js';
import type { Submission } from './submission.js';

/** The unsettled jobs of a submitter, by id: a notice of a job that is not here has come too late. */
export class JobTable {
  /** In the order of their submission. */
  readonly #unsettled = new Set<Submission>();
  /** The jobs whose ids are known, which includes all that are in Redis. */
  readonly #byId = new Map<string, Submission>();
  readonly #batches = new Map<string, readonly Submission[]>();
  readonly #byJob = new WeakMap<Job, { readonly submission: Submission; readonly handle: ClusterJob }>();
  readonly #running = new Set<Submission>();
  readonly #watched = new Set<Submission>();
  readonly #attached = new Set<Submission>();
  /** How many outcomes came for jobs that had settled: found by a sweep before their notice, or from a host taken for dead. */
  late = 0;
  /** How often jobs of this submitter came back from a host that had died. */
  recoveries = 0;

  /** The jobs of this submitter. */
  get all(): readonly Submission[] {
    return [...this.#unsettled].filter((submission) => !this.#attached.has(submission));
  }

  /** Jobs of other submitters, which this one has looked up by their ids. */
  get attached(): readonly Submission[] {
    return [...this.#attached];
  }

  /** Jobs of whose outcome no host notifies this submitter: their records must be read. */
  get watched(): ReadonlySet<Submission> {
    return this.#watched;
  }

  /** How many jobs of this submitter run, as last heard. */
  get running(): number {
    return this.#running.size;
  }

  /** How long the job that was submitted first has waited, in ms; 0 if none waits. */
  oldestMs(nowMs: number): number {
    for (const submission of this.#unsettled) {
      const waits =
        submission.phase !== 'deferred' && !this.#running.has(submission) && !this.#attached.has(submission);
      if (waits) return Math.max(0, nowMs - submission.submittedAtMs);
    }
    return 0;
  }

  /** @param handle what users have of the job. */
  add(submission: Submission, handle: ClusterJob): void {
    this.#unsettled.add(submission);
    this.#byJob.set(submission.job, { submission, handle });
    whenSettled(submission.job, () => {
      this.#unsettled.delete(submission);
      if (submission.isIdentified) this.#byId.delete(submission.ownId);
      this.#leftBatch(submission);
      this.#running.delete(submission);
      this.#watched.delete(submission);
      this.#attached.delete(submission);
    });
  }

  /** A job has its id from now on. */
  identified(submission: Submission, id: string): void {
    if (this.#unsettled.has(submission)) this.#byId.set(id, submission);
  }

  /** Makes jobs the members of a batch. */
  addBatch(batchId: string, members: readonly Submission[]): void {
    this.#batches.set(batchId, members);
    for (const [index, member] of members.entries()) {
      member.enterBatch({ batchId, index });
      this.identified(member, member.ownId);
    }
  }

  /** The unsettled members of a batch; `undefined` if there is none with that id. */
  membersOf(batchId: string): readonly Submission[] | undefined {
    return this.#batches
      .get(batchId)
      ?.filter((member) => this.#unsettled.has(member) && member.position?.batchId === batchId);
  }

  #leftBatch({ position }: Submission): void {
    if (position !== undefined && this.membersOf(position.batchId)?.length === 0)
      this.#batches.delete(position.batchId);
  }

  /** Adds a job of another submitter. */
  attach(submission: Submission, handle: ClusterJob): void {
    this.add(submission, handle);
    this.#attached.add(submission);
    this.#watched.add(submission);
  }

  /** No host will notify this submitter of the job. */
  watch(submission: Submission): void {
    this.#watched.add(submission);
  }

  unwatch(submission: Submission): void {
    this.#watched.delete(submission);
  }

  get(id: string): Submission | undefined {
    return this.#byId.get(id);
  }

  /** A host says that the code runs. */
  begun(submission: Submission, run: RunInfo): void {
    submission.begun(run);
    if (!this.#attached.has(submission)) this.#running.add(submission);
  }

  /** The job waits again. @param attempts how many were begun. */
  waits(submission: Submission, attempts: number): void {
    submission.waits(attempts);
    this.#running.delete(submission);
  }

  /** The submission of a job of this pool, settled or not. */
  of(job: Job): Submission | undefined {
    return this.#byJob.get(job)?.submission;
  }

  /** What users have of a local job of this pool. */
  handleOf(job: Job): ClusterJob | undefined {
    return this.#byJob.get(job)?.handle;
  }
}
