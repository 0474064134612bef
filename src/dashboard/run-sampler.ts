import type { Engine } from '../core/engine.js';
import { runningJobs } from '../core/job-list.js';
import type { Job } from '../jobs/job.js';
import { begunAttempts, kindOf } from '../jobs/job-access.js';
import { taskOf } from '../jobs/job-engine.js';
import type { RunRow } from './messages.js';
import { rounded, shownName } from './shown-text.js';

/** Most runs of a pool in a snapshot: more could not be distinguished. */
const MOST_RUNS = 500;

/** A run, as it was when it was first seen. */
interface SeenRun {
  readonly startedAt: number;
  /** Number of the attempt. */
  readonly attempt: number;
  readonly workerId: number;
}

/**
 * Records which jobs run when by sampling, so that nothing is done for a job. Each run that lasts longer than the interval
 * between samples is known exactly, and of shorter ones some.
 */
export class RunSampler {
  readonly #engine: Engine;
  /** Jobs that ran at the last sample. */
  #running = new Map<Job, SeenRun>();
  #ended: RunRow[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  sample(): void {
    const running = new Map<Job, SeenRun>();
    for (const job of runningJobs(this.#engine)) {
      const { startedAt, attempts, workerId } = job;
      const seen = this.#running.get(job);
      if (seen?.attempt === attempts) running.set(job, seen);
      else if (startedAt !== undefined) running.set(job, { startedAt, attempt: attempts, workerId: workerId ?? -1 });
      if (running.size >= MOST_RUNS) break;
    }
    for (const [job, seen] of this.#running)
      if (running.get(job) !== seen && this.#ended.length < MOST_RUNS) this.#ended.push(endedRun(job, seen));
    this.#running = running;
  }

  /** The runs that were seen since the last call. */
  take(): readonly RunRow[] {
    this.sample();
    const runs = [...this.#ended];
    for (const [job, seen] of this.#running) runs.push(rowOf(job, seen));
    this.#ended = [];
    return runs;
  }

  /** Forgets what was seen: there are no viewers. */
  clear(): void {
    this.#running.clear();
    this.#ended = [];
  }
}

function rowOf(job: Job, { startedAt, workerId }: SeenRun): RunRow {
  const task = shownName(taskOf(job).name);
  return { id: job.id, workerId, task, startedAt: rounded(startedAt), state: 'RUNNING' };
}

/** A run that is over: if the job has not settled, another attempt follows, or runs by now. */
function endedRun(job: Job, seen: SeenRun): RunRow {
  const { settledAs } = kindOf(job); // not `state`, which would observe a failure
  const isLast = begunAttempts(job) === seen.attempt;
  // a task that was loaded first began later than it seemed
  const startedAt = (isLast ? job.startedAt : undefined) ?? seen.startedAt;
  const endedAt = (isLast ? job.endedAt : undefined) ?? Date.now();
  return { ...rowOf(job, { ...seen, startedAt }), endedAt: rounded(endedAt), state: settledAs ?? 'RETRIED' };
}
