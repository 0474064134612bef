import type { JobStream, SettledJob } from '../../compose/job-stream.js';
import type { ClusterJob } from '../pool/cluster-job.js';
import type { SettledClusterJob } from '../pool/cluster-pool-types.js';

type Next<J extends ClusterJob> = IteratorResult<SettledClusterJob<J>, undefined>;

/** A stream of local jobs, as a stream of the jobs of the cluster that they stand for. */
export class ClusterJobStream<J extends ClusterJob> implements AsyncIterableIterator<SettledClusterJob<J>, undefined> {
  readonly #jobs: JobStream<SettledJob>;
  readonly #handleOf: (job: SettledJob) => ClusterJob;

  constructor(jobs: JobStream<SettledJob>, handleOf: (job: SettledJob) => ClusterJob) {
    this.#jobs = jobs;
    this.#handleOf = handleOf;
  }

  async next(): Promise<Next<J>> {
    return this.#translated(await this.#jobs.next());
  }

  async return(): Promise<Next<J>> {
    return this.#translated(await this.#jobs.return());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #translated(next: IteratorResult<SettledJob, undefined>): Next<J> {
    if (next.done === true) return { value: undefined, done: true };
    return { value: this.#handleOf(next.value) as SettledClusterJob<J>, done: false };
  }
}
