import { inspect } from 'node:util';
import { Cron } from 'croner';
import { type Inspecting, shown } from '../base/inspect.js';
import { describe } from '../errors.js';
import { isSettled, type Job } from '../jobs/job.js';
import { whenSettled } from '../jobs/job-engine.js';
import type { JobOptions } from '../jobs/job-options.js';
import { now } from '../sync/platform.js';
import { checkDate, checkMs, msUntil, type StopTimer, startTimer } from '../sync/timer.js';

export interface ScheduleOptions extends Omit<JobOptions, 'delayMs' | 'dependsOn' | 'key' | 'transfer'> {
  /** A run every so many ms, at a fixed rate: runs do not drift, however long they take. */
  readonly everyMs?: number | undefined;
  /** Runs by a cron expression, of 5 fields or 6 with seconds, as of the package croner. */
  readonly cron?: string | undefined;
  /** For `cron`: the IANA name of a time zone. Default: the system's. */
  readonly timeZone?: string | undefined;
  /** No run before this point in time; with `everyMs`, the first is then. Default: after `everyMs`. */
  readonly startAt?: Date | number | undefined;
  /**
   * What becomes of a run whose predecessor has not settled: it is left out, it follows that one, or both run. Default:
   * `'skip'`.
   */
  readonly overlap?: 'skip' | 'queue' | 'allow' | undefined;
}

/** The times of a schedule. */
interface Times {
  /** The next time, in ms since 1970, after the one that has come; `undefined` where there is none. */
  next(): number | undefined;
}

/** What a schedule asks of its pool. */
export interface ScheduleHost {
  /** The next run; `undefined` where the pool takes none any more. */
  submit(): Job | undefined;
  /** It is over. */
  ended(schedule: Schedule): void;
}

const OVERLAPS = ['skip', 'queue', 'allow'];
const ACTION = 'schedule a task';
/** A wall clock may jump: at the latest after so long it is looked at again. */
const LOOK_AGAIN_MS = 60_000;

/** Runs a task again and again. The process stays for it, unless it is told not to. */
export class Schedule {
  readonly #host: ScheduleHost;
  readonly #times: Times;
  readonly #overlap: 'skip' | 'queue' | 'allow';
  #nextMs: number | undefined;
  #stopTimer: StopTimer = () => {};
  #isPaused = false;
  #isCancelled = false;
  #keepsProcess = true;
  #job: Job | undefined;
  #runs = 0;
  /** Runs that wait for their predecessor to settle. */
  #queued = 0;

  /** @internal @throws {TypeError} or {RangeError} for a bad option. */
  constructor(options: ScheduleOptions, host: ScheduleHost) {
    const { overlap = 'skip' } = options;
    if (!OVERLAPS.includes(overlap))
      throw new TypeError(
        `Cannot ${ACTION}: overlap must be one of ${OVERLAPS.join(', ')}, received ${describe(overlap)}`,
      );
    this.#overlap = overlap;
    this.#times = timesOf(options);
    this.#host = host;
    this.#arm();
  }

  /** The latest run; `undefined` before the first. */
  get job(): Job | undefined {
    return this.#job;
  }

  /** When the next run is due; `undefined` when there is none, or while it is paused. */
  get next(): Date | undefined {
    return this.#nextMs === undefined || this.#isPaused ? undefined : new Date(this.#nextMs);
  }

  /** How many runs were submitted. */
  get runs(): number {
    return this.#runs;
  }

  /** Leaves out all runs until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#queued = 0;
    this.#stopTimer();
  }

  /** Goes on with the next time that is to come. */
  resume(): void {
    if (!this.#isPaused || this.#isCancelled) return;
    this.#isPaused = false;
    if (this.#nextMs !== undefined && this.#nextMs > Date.now()) this.#wait();
    else this.#arm();
  }

  /** Ends it. The run under way goes on: cancel `schedule.job` to stop that, too. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#nextMs = undefined;
    this.#queued = 0;
    this.#stopTimer();
    this.#host.ended(this);
  }

  /** The process no longer stays for it. */
  unref(): this {
    return this.#keep(false);
  }

  /** The process stays for it, as at first. */
  ref(): this {
    return this.#keep(true);
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { next, runs } = this;
    const state = this.#isCancelled ? 'cancelled' : this.#isPaused ? 'paused' : 'active';
    return shown('Schedule', { state, next, runs }, inspecting);
  }

  #keep(keepsProcess: boolean): this {
    this.#keepsProcess = keepsProcess;
    if (!this.#isPaused && !this.#isCancelled) this.#wait();
    return this;
  }

  #arm(): void {
    this.#nextMs = this.#times.next();
    if (this.#nextMs === undefined) this.cancel();
    else this.#wait();
  }

  #wait(): void {
    this.#stopTimer();
    const leftMs = (this.#nextMs ?? 0) - Date.now();
    const look = (): void => (Date.now() < (this.#nextMs ?? 0) ? this.#wait() : this.#due());
    this.#stopTimer = startTimer(Math.min(Math.max(leftMs, 0), LOOK_AGAIN_MS), look, {
      keepsProcess: this.#keepsProcess,
    });
  }

  #due(): void {
    this.#run();
    if (!this.#isCancelled && !this.#isPaused) this.#arm();
  }

  #run(): void {
    const isBusy = this.#job !== undefined && !isSettled(this.#job);
    if (isBusy && this.#overlap === 'skip') return;
    if (isBusy && this.#overlap === 'queue') {
      this.#queued++;
      return;
    }
    const job = this.#host.submit();
    if (job === undefined) {
      this.cancel();
      return;
    }
    this.#job = job;
    this.#runs++;
    if (this.#overlap !== 'queue') return;
    whenSettled(job, () => {
      if (this.#queued === 0) return;
      this.#queued--;
      this.#run();
    });
  }
}

function timesOf(options: ScheduleOptions): Times {
  const { everyMs, cron, timeZone, startAt } = options;
  if ((everyMs === undefined) === (cron === undefined))
    throw new TypeError(`Cannot ${ACTION}: it needs everyMs or cron, and not both`);
  const startMs = startAt === undefined ? undefined : Date.now() + msUntil(checkDate(startAt, 'startAt', ACTION));
  if (everyMs !== undefined) {
    if (timeZone !== undefined) throw new TypeError(`Cannot ${ACTION}: timeZone is for cron, received it with everyMs`);
    checkMs(everyMs, 'everyMs', ACTION);
    if (everyMs === 0) throw new RangeError(`Cannot ${ACTION}: everyMs must be more than 0, received 0`);
    return new EveryMs(everyMs, startMs);
  }
  return new CronTimes(cron as string, timeZone, startMs);
}

/** Every so many ms on the monotonic clock, from the first time on: what is missed is left out. */
class EveryMs implements Times {
  readonly #everyMs: number;
  #dueAtMs: number;

  constructor(everyMs: number, startMs: number | undefined) {
    this.#everyMs = everyMs;
    this.#dueAtMs = startMs === undefined ? now() : now() + startMs - Date.now() - everyMs;
  }

  next(): number {
    const nowMs = now();
    const missed = Math.max(0, Math.floor((nowMs - this.#dueAtMs) / this.#everyMs));
    this.#dueAtMs += (missed + 1) * this.#everyMs;
    return Date.now() + this.#dueAtMs - nowMs;
  }
}

class CronTimes implements Times {
  readonly #cron: Cron;
  #afterMs: number;

  constructor(pattern: unknown, timeZone: unknown, startMs: number | undefined) {
    if (typeof pattern !== 'string')
      throw new TypeError(`Cannot ${ACTION}: cron must be a string, received ${describe(pattern)}`);
    if (timeZone !== undefined && typeof timeZone !== 'string')
      throw new TypeError(`Cannot ${ACTION}: timeZone must be a string, received ${describe(timeZone)}`);
    try {
      this.#cron = new Cron(pattern, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
      this.#cron.nextRun(); // a time zone that does not exist shows here
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      const where = timeZone === undefined ? '' : ` in time zone ${describe(timeZone)}`;
      throw new RangeError(
        `Cannot ${ACTION}: cron must be a valid expression, received ${describe(pattern)}${where}: ${what}`,
        {
          cause,
        },
      );
    }
    this.#afterMs = startMs === undefined ? 0 : startMs - 1;
  }

  next(): number | undefined {
    // never a time that has come already, where the clock was set back
    const after = new Date(Math.max(Date.now(), this.#afterMs));
    const next = this.#cron.nextRun(after)?.getTime();
    if (next !== undefined) this.#afterMs = next;
    return next;
  }
}
