import { now } from '../../base/clock.js';
import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import { type Job, optionsOf } from '../../jobs/job.js';
import { whenSettled } from '../../jobs/job-engine.js';
import { Timeout } from '../../jobs/stop-cause.js';

/** Stops jobs whose `deadline` or `timeoutMs` has passed. Its timers do not keep the process: the jobs do. */
export class TimeLimits {
  readonly #stop: (job: Job, ending: Timeout) => void;
  /** The timers of those that run. */
  readonly #attempts = new Map<Job, StopTimer>();

  constructor(stop: (job: Job, ending: Timeout) => void) {
    this.#stop = stop;
  }

  /** The job has entered the pool. */
  entered(job: Job): void {
    const { deadline } = optionsOf(job);
    if (deadline === undefined) return;
    const leftMs = msUntil(deadline);
    const expire = (): void => {
      const when = new Date(deadline).toISOString();
      const where = job.state === 'RUNNING' ? 'while it ran' : 'before it began';
      this.#stop(job, new Timeout(`Job '${job.name}' missed its deadline of ${when}: it passed ${where}`));
    };
    if (leftMs === 0) expire();
    else whenSettled(job, startTimer(leftMs, expire, { keepsProcess: false }));
  }

  /** The job's code has begun, at that time in ms of `now()`. */
  began(job: Job, begunAtMs: number): void {
    const { timeoutMs } = optionsOf(job);
    if (timeoutMs === undefined) return;
    const expire = (): void =>
      this.#stop(job, new Timeout(`Job '${job.name}' timed out: its code ran for more than ${timeoutMs} ms`));
    const leftMs = Math.max(0, begunAtMs + timeoutMs - now());
    this.#attempts.set(job, startTimer(leftMs, expire, { keepsProcess: false }));
  }

  /** The job's code has ended, or is given up. */
  ended(job: Job): void {
    const stopTimer = this.#attempts.get(job);
    if (stopTimer === undefined) return;
    stopTimer();
    this.#attempts.delete(job);
  }
}
