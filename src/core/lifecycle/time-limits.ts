import { now } from '../../base/clock.js';
import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import type { Job } from '../../jobs/job.js';
import { optionsOf, ownerOf, type StopOutcome, seqOf } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import { Timeout } from '../../jobs/stop-cause.js';

/** Stops a job whose time is over. */
export interface Stopper {
  stop(job: Job, cause: Timeout): StopOutcome;
}

/** Stops jobs whose `deadline` or `timeoutMs` has passed. Its timers do not keep the process alive: the jobs do. */
export class TimeLimits {
  /** The timers of running attempts. */
  readonly #attempts = new Map<Job, StopTimer>();
  #stopper: Stopper | undefined;

  /** Connects the part that stops jobs, which is made after this. Called once, before the first job. */
  reportTo(stopper: Stopper): void {
    this.#stopper = stopper;
  }

  /** The job has entered the pool: starts the timer of its deadline. */
  entered(job: Job): void {
    const { deadline } = optionsOf(job);
    if (deadline === undefined) return;
    const leftMs = msUntil(deadline);
    const expire = (): void => {
      const when = new Date(deadline).toISOString();
      const where = job.state === 'RUNNING' ? 'while it was running' : 'before it began';
      this.#stopper?.stop(
        job,
        new Timeout(`Job '${job.name}' missed its deadline of ${when} ${where}${hintOn(Number(deadline))}`),
      );
    };
    if (leftMs === 0) expire();
    else whenSettled(job, startTimer(leftMs, expire, { keepsProcess: false }));
  }

  /** The job's code has begun: starts the timer of the attempt. @param begunAtMs in ms of `now()`. */
  began(job: Job, begunAtMs: number): void {
    const { timeoutMs } = optionsOf(job);
    if (timeoutMs === undefined) return;
    this.#startTimer(job, Math.max(0, begunAtMs + timeoutMs - now()), () => {
      this.#stopper?.stop(job, new Timeout(`Job '${job.name}' timed out: its code ran for more than ${timeoutMs} ms`));
    });
  }

  /**
   * The `timeoutMs` of a job at a worker has changed. The worker may not report when the code begins, if the job was sent
   * without a limit; so this is looked up once the code could have run for that long.
   */
  changed(job: Job): void {
    whenSettled(job, () => this.ended(job));
    this.#watchBegin(job);
  }

  #watchBegin(job: Job): void {
    const { timeoutMs } = optionsOf(job);
    const begunAtMs = begunAtMsOf(job);
    if (begunAtMs !== undefined) this.began(job, begunAtMs);
    else if (timeoutMs !== undefined) this.#startTimer(job, Math.max(1, timeoutMs), () => this.#watchBegin(job));
  }

  #startTimer(job: Job, ms: number, fn: () => void): void {
    this.ended(job);
    this.#attempts.set(job, startTimer(ms, fn, { keepsProcess: false }));
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

/** When the code of a job at a worker began, in ms of `now()`; `undefined` before. */
function begunAtMsOf(job: Job): number | undefined {
  const owner = ownerOf(job);
  return owner?.hasBegun(seqOf(job)) ? owner.begunAtMs?.(seqOf(job)) : undefined;
}
