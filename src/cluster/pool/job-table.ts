import type { Job } from '../../jobs/job.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { ClusterJob } from './cluster-job.js';
import type { Submission } from './submission.js';

/** The unsettled jobs of a submitter, by id: whatever comes of a job that is not here comes too late. */
export class JobTable {
  readonly #byId = new Map<string, Submission>();
  readonly #byJob = new WeakMap<Job, { readonly submission: Submission; readonly handle: ClusterJob }>();
  /** How many outcomes came for jobs that had settled: a sweep and a notice, a host thought dead. */
  late = 0;

  get all(): readonly Submission[] {
    return [...this.#byId.values()];
  }

  /** @param handle what users have of the job. */
  add(submission: Submission, handle: ClusterJob): void {
    this.#byId.set(submission.id, submission);
    this.#byJob.set(submission.job, { submission, handle });
    whenSettled(submission.job, () => this.#byId.delete(submission.id));
  }

  get(id: string): Submission | undefined {
    return this.#byId.get(id);
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
