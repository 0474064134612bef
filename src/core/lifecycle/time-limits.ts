import { now } from '../../base/clock.js';
import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import type { Job } from '../../jobs/job.js';
import { optionsOf, type StopOutcome } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import { Timeout } from '../../jobs/stop-cause.js';

/** Stops a job whose time is over. */
interface Stopper {
  stop(job: Job, cause: Timeout): StopOutcome;
}

/** Stops jobs whose `deadline` or `timeoutMs` has passed. Timers do not keep the process: the jobs do. */
export class TimeLimits {
  /** The timers of running attempts. */
  readonly #attempts = new Map<Job, StopTimer>();

  /** The job has entered the pool: starts the timer of its deadline. */
  entered(job: Job, stopper: Stopper): void {
    const { deadline } = optionsOf(job);
    if (deadline === undefined) return;
    const leftMs = msUntil(deadline);
    const expire = (): void => {
      const when = new Date(deadline).toISOString();
      const where = job.state === 'RUNNING' ? 'while it was running' : 'before it began';
      stopper.stop(
        job,
        new Timeout(`Job '${job.name}' missed its deadline of ${when} ${where}${hintOn(Number(deadline))}`),
      );
    };
    if (leftMs === 0) expire();
    else whenSettled(job, startTimer(leftMs, expire, { keepsProcess: false }));
  }

  /** The job's code has begun: starts the timer of the attempt. @param begunAtMs in ms of `now()`. */
  began(job: Job, begunAtMs: number, stopper: Stopper): void {
    const { timeoutMs } = optionsOf(job);
    if (timeoutMs === undefined) return;
    const expire = (): void => {
      stopper.stop(job, new Timeout(`Job '${job.name}' timed out: its code ran for more than ${timeoutMs} ms`));
    };
    const leftMs = Math.max(0, begunAtMs + timeoutMs - now());
    this.#attempts.set(job, startTimer(leftMs, expire, { keepsProcess: false }));
  }

  /** The attempt has ended, or is given up. */
  ended(job: Job): void {
    const stopTimer = this.#attempts.get(job);
    if (stopTimer === undefined) return;
    stopTimer();
    this.#attempts.delete(job);
  }
}

/** Latest time in ms since 1970 that was more likely meant as a duration: 115 days. */
const MOST_MEANT_AS_DURATION = 1e10;

function hintOn(deadline: number): string {
  if (deadline <= 0 || deadline > MOST_MEANT_AS_DURATION) return '';
  return `; a deadline is a Date or ms since 1970: for ${deadline} ms from now, write Date.now() + ${deadline}`;
}
