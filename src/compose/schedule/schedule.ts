import { inspect } from 'node:util';
import { Cron } from 'croner';
import { bare } from '../../base/bare.js';
import { checkDate, checkMs, checkOneOf, type Given, optionNames, readOptions } from '../../base/check.js';
import { now } from '../../base/clock.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import { describe } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { isSettled } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import { type CheckedJobOptions, checkJobOptions, JOB_OPTION_NAMES, type JobOptions } from '../../jobs/job-options.js';
import { stays } from '../../sync/sharing/crossing.js';

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

const {
  dependsOn: _dependsOn,
  delayMs: _delayMs,
  startAt: _startAt,
  key: _key,
  transfer: _transfer,
  ...OF_SCHEDULED_JOBS
} = JOB_OPTION_NAMES;
const SCHEDULE_OPTIONS = optionNames<ScheduleOptions>({
  everyMs: true,
  cron: true,
  timeZone: true,
  startAt: true,
  overlap: true,
  ...OF_SCHEDULED_JOBS,
});

/** When a schedule runs its task. */
export interface Rhythm {
  readonly times: Times;
  readonly overlap: (typeof OVERLAPS)[number];
}

/** A time of a schedule, on the clock that it follows. */
interface Time {
  readonly date: Date;
  /** In how many ms it comes: 0 or less where it has come. */
  readonly leftMs: number;
}

/** The times of a schedule, one after the other. */
interface Times {
  /** The longest time in which nobody need look at the clock again. */
  readonly lookAgainMs: number;
  /** The next time; `undefined` before the first `step`, and where there is none. */
  readonly next: Time | undefined;
  /** The next time is the one after that which has come. */
  step(): void;
}

/** What a schedule asks of its pool. */
export interface ScheduleDeps {
  /** The next run; `undefined` where the pool takes none any more. */
  submit(): Job | undefined;
  /** It is over. */
  ended(schedule: Schedule): void;
}

const OVERLAPS = ['skip', 'queue', 'allow'] as const;
const ACTION = 'schedule a task';
/** Longest difference between two looks at the clocks that is no difference of the clocks: they are not read at once. */
const SAME_DATE_MS = 100;
/** A wall clock may jump: at the latest after so long it is looked at again. */
const LOOK_AGAIN_MS = 60_000;

/** Runs a task again and again. The process stays for it, unless it is told not to. */
export class Schedule {
  readonly #host: ScheduleDeps;
  readonly #times: Times;
  readonly #overlap: Rhythm['overlap'];
  #stopTimer: StopTimer = () => {};
  #isPaused = false;
  #isCancelled = false;
  #keepsProcess = true;
  #job: Job | undefined;
  #runs = 0;
  /** Runs that wait for their predecessor to settle. */
  #queued = 0;

  /** @internal */
  constructor({ times, overlap }: Rhythm, host: ScheduleDeps) {
    this.#times = times;
    this.#overlap = overlap;
    this.#host = host;
    this.#arm();
  }

  static {
    stays((value) => (#host in value ? 'a Schedule; await schedule.job and pass its result' : undefined));
  }

  /** The latest run; `undefined` before the first. */
  get job(): Job | undefined {
    return this.#job;
  }

  /** When the next run is due; `undefined` when there is none, or while it is paused. */
  get next(): Date | undefined {
    return this.#isCancelled || this.#isPaused ? undefined : this.#times.next?.date;
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
    if (this.#leftMs > 0) this.#wait();
    else this.#arm();
  }

  /** Ends it. The run under way goes on: cancel `schedule.job` to stop that, too. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
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
    this.#times.step();
    if (this.#times.next === undefined) this.cancel();
    else this.#wait();
  }

  get #leftMs(): number {
    return this.#times.next?.leftMs ?? 0;
  }

  #wait(): void {
    this.#stopTimer();
    const look = (): void => (this.#leftMs > 0 ? this.#wait() : this.#due());
    const waitMs = Math.min(Math.max(this.#leftMs, 0), this.#times.lookAgainMs);
    this.#stopTimer = startTimer(waitMs, look, { keepsProcess: this.#keepsProcess });
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

/** @throws {TypeError} or {RangeError} that names the option, the rule and the value received. */
export function readScheduleOptions(options: unknown): {
  readonly rhythm: Rhythm;
  readonly jobOptions: CheckedJobOptions;
} {
  if (options === undefined) throw new TypeError(`Cannot ${ACTION}: options must be an object, received undefined`);
  const given = readOptions(options, SCHEDULE_OPTIONS, ACTION);
  const { startAt, overlap = 'skip' } = given;
  const ofRuns = bare(given);
  Reflect.deleteProperty(ofRuns, 'startAt'); // is the time of the first, not of each
  const jobOptions = checkJobOptions(ofRuns, ACTION);
  const times = timesOf(given, startAt === undefined ? undefined : checkDate(startAt, 'startAt', ACTION));
  return { rhythm: { times, overlap: checkOneOf(overlap, OVERLAPS, 'overlap', ACTION) }, jobOptions };
}

function timesOf({ everyMs, cron, timeZone }: Given<ScheduleOptions>, startAtMs: number | undefined): Times {
  if ((everyMs === undefined) === (cron === undefined))
    throw new TypeError(`Cannot ${ACTION}: it needs everyMs or cron, and not both`);
  if (everyMs === undefined) return new CronTimes(cron, timeZone, startAtMs);
  if (timeZone !== undefined) throw new TypeError(`Cannot ${ACTION}: timeZone is for cron, received it with everyMs`);
  const periodMs = checkMs(everyMs, 'everyMs', ACTION);
  if (periodMs === 0) throw new RangeError(`Cannot ${ACTION}: everyMs must be more than 0, received 0`);
  return new EveryMs(periodMs, startAtMs === undefined ? periodMs : msUntil(startAtMs));
}

/**
 * Every so many ms on the monotonic clock, from the first time on: what is missed is left out. The wall clock may be set, or
 * stand still: it is looked at only to say when the next time will be by it.
 */
class EveryMs implements Times {
  readonly lookAgainMs = Number.POSITIVE_INFINITY;
  readonly #everyMs: number;
  #dueAtMs: number;
  /** The same by the wall clock. */
  #dueDateMs = 0;

  constructor(everyMs: number, firstInMs: number) {
    this.#everyMs = everyMs;
    this.#dueAtMs = now() + firstInMs - everyMs;
  }

  get next(): Time | undefined {
    if (!Number.isFinite(this.#dueAtMs)) return undefined;
    const leftMs = this.#dueAtMs - now();
    const dueDateMs = Math.round(Date.now() + leftMs);
    if (Math.abs(dueDateMs - this.#dueDateMs) > SAME_DATE_MS) this.#dueDateMs = dueDateMs;
    return { date: new Date(this.#dueDateMs), leftMs };
  }

  step(): void {
    const missed = Math.max(0, Math.floor((now() - this.#dueAtMs) / this.#everyMs));
    this.#dueAtMs += (missed + 1) * this.#everyMs;
  }
}

/** Of the class that is `Date` now: where that is faked the package croner takes no other. */
function dateOfNow(ms: number): Date {
  const DateOfNow = Reflect.get(globalThis, 'Date') as DateConstructor;
  return new DateOfNow(ms);
}

/** By the wall clock: where that is set, the next time comes sooner or later. */
class CronTimes implements Times {
  readonly lookAgainMs = LOOK_AGAIN_MS;
  readonly #cron: Cron;
  #afterMs: number;
  #nextMs: number | undefined;

  constructor(pattern: unknown, timeZone: unknown, startAtMs: number | undefined) {
    if (typeof pattern !== 'string')
      throw new TypeError(`Cannot ${ACTION}: cron must be a string, received ${describe(pattern)}`);
    if (timeZone !== undefined && typeof timeZone !== 'string')
      throw new TypeError(`Cannot ${ACTION}: timeZone must be a string, received ${describe(timeZone)}`);
    try {
      this.#cron = new Cron(pattern, bare({ paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) }));
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
    this.#afterMs = startAtMs === undefined ? 0 : Math.max(startAtMs, Date.now()) - 1;
  }

  get next(): Time | undefined {
    const nextMs = this.#nextMs;
    return nextMs === undefined ? undefined : { date: new Date(nextMs), leftMs: nextMs - Date.now() };
  }

  step(): void {
    // never a time that has come already, where the clock was set back
    const after = dateOfNow(Math.max(Date.now(), this.#afterMs));
    this.#nextMs = this.#cron.nextRun(after)?.getTime();
    if (this.#nextMs !== undefined) this.#afterMs = this.#nextMs;
  }
}
