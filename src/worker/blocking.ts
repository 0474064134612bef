import type { BlockListener } from '../sync/waiting/wakeup.js';
import { taskOf } from './job-context.js';
import type { JobRunner } from './job-runner.js';
import type { WorkerLoop } from './loop.js';
import type { OpenJobs } from './open-jobs.js';
import type { Parking } from './parking.js';
import type { RequestReader } from './request-reader.js';
import type { ResultSender } from './results/result-sender.js';
import type { RunningJob } from './running-job.js';

export interface BlockingDeps {
  readonly loop: WorkerLoop;
  readonly parking: Parking;
  readonly requests: RequestReader;
  readonly running: RunningJob;
  readonly runner: JobRunner;
  readonly openJobs: OpenJobs;
  readonly results: ResultSender;
}

/** Reports that code of this thread blocks it, so that other workers run the jobs that wait behind it. */
export class Blocking implements BlockListener {
  readonly #deps: BlockingDeps;

  constructor(deps: BlockingDeps) {
    this.#deps = deps;
  }

  blocks(): void {
    const { parking, requests, running, runner, openJobs, results } = this.#deps;
    parking.block();
    const context = runner.current();
    const job = context !== undefined && (running.task !== undefined || openJobs.has(context)) ? context : undefined;
    if ((job === undefined || taskOf(job).hasBlocked) && requests.isEmpty) return;
    if (job !== undefined) taskOf(job).hasBlocked = true;
    results.blocked(job);
  }

  resumes(): void {
    const { parking, loop } = this.#deps;
    parking.leave();
    // code of an open job, run by the event loop: unless the loop parks again, the main thread does not ring it
    if (!loop.isRunning) loop.turnSoon();
  }
}
