import { inspect } from 'node:util';
import { Cron } from 'croner';
import { bare } from '../../base/bare.js';
import { wrongType, wrongValue } from '../../base/check/argument-errors.js';
import { type Given, optionNames, readOptions } from '../../base/check/options.js';
import {
  checkDate,
  checkObject,
  checkOneOf,
  checkPositiveMs,
  checkString,
  checkText,
} from '../../base/check/values.js';
import { now } from '../../base/clock.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { msUntil, type StopTimer, startTimer } from '../../base/timer.js';
import { JOB_OPTION_NAMES } from '../../contract/job-option-names.js';
import { describe } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { isSettled } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import { type CheckedJobOptions, checkJobOptions, type JobOptions } from '../../jobs/job-options.js';
import { stays } from '../../sync/sharing/crossing.js';

/** When a task runs repeatedly: `everyMs` or `cron`. The others are options of its jobs. */
export interface ScheduleOptions extends Omit<JobOptions, 'delayMs' | 'dependsOn' | 'key' | 'keyJoins' | 'transfer'> {
  /** Name of the schedule. On a `ClusterPool`, the same id on several machines is one schedule; here it is only kept. Default: none. */
  readonly id?: string | undefined;
  /** Milliseconds from one run to the next, at a fixed rate, however long runs take. Default: none; `cron` then says when. */
  readonly everyMs?: number | undefined;
  /** A cron expression of 5 fields, or 6 with seconds, in the syntax of the package croner. Default: none. */
  readonly cron?: string | undefined;
  /** IANA name of the time zone for `cron`. Default: the system's. */
  readonly timeZone?: string | undefined;
  /**
   * Earliest run: a `Date`, or milliseconds since 1970. With `everyMs`, the first run is at this time. Default:
   * `everyMs` from now, or the next time of `cron`.
   */
  readonly startAt?: Date | number | undefined;
  /**
   * What to do with a run that is due while the previous one has not settled: skip it, queue it until then, or allow
   * both to run. Default: `'skip'`.
   */
  readonly overlap?: 'skip' | 'queue' | 'allow' | undefined;
}

const {
  dependsOn: _dependsOn,
  delayMs: _delayMs,
  startAt: _startAt,
  key: _key,
  keyJoins: _keyJoins,
  transfer: _transfer,
  ...OF_SCHEDULED_JOBS
} = JOB_OPTION_NAMES;
const SCHEDULE_OPTIONS = optionNames<ScheduleOptions>({
  id: true,
  everyMs: true,
  cron: true,
  timeZone: true,
  startAt: true,
  overlap: true,
  ...OF_SCHEDULED_JOBS,
});

/** When a schedule runs its task. */
export interface Rhythm {
  readonly id: string | undefined;
  readonly times: Times;
  readonly overlap: (typeof OVERLAPS)[number];
}

/** A time of a schedule, on the clock the schedule follows. */
interface Time {
  readonly date: Date;
  /** How many ms are left: 0 or less if the time has come. */
  readonly leftMs: number;
}

/** The times of a schedule, one after the other. */
interface Times {
  /** Longest time, in ms, after which the clock must be read again. */
  readonly recheckMs: number;
  /** The next time; `undefined` before the first `step`, or if there is none. */
  readonly next: Time | undefined;
  /** Moves on to the first time that is still to come. */
  step(): void;
}

/** What a schedule uses of its pool. */
export interface ScheduleDeps {
  /** The name of its jobs. */
  readonly name: string;
  /** Submits the next run; returns `undefined` if the pool takes no more jobs. */
  submit(): Job | undefined;
  /** Called when the schedule has ended. */
  ended(schedule: Schedule): void;
}

const OVERLAPS = ['skip', 'queue', 'allow'] as const;
const ACTION = 'schedule a task';
/** Largest difference, in ms, that does not count as a jump of the wall clock: the two clocks are not read at once. */
const SAME_DATE_MS = 100;
/** Longest time until the wall clock is read again, as it may jump. */
const RECHECK_MS = 60_000;

/** Runs a task repeatedly. Keeps the process alive, unless `unref` is called. */
export class Schedule {
  /** The option `id`. */
  readonly id: string | undefined;
  readonly #deps: ScheduleDeps;
  readonly #times: Times;
  readonly #overlap: Rhythm['overlap'];
  #stopTimer: StopTimer = () => {};
  #isPaused = false;
  #isCancelled = false;
  #keepsProcess = true;
  #job: Job | undefined;
  #runs = 0;
  /** How many runs wait for the previous one to settle. */
  #queued = 0;

  /** @internal */
  constructor({ id, times, overlap }: Rhythm, deps: ScheduleDeps) {
    this.id = id;
    this.#times = times;
    this.#overlap = overlap;
    this.#deps = deps;
    this.#arm();
  }

  static {
    stays(Schedule, 'Schedule', (value) =>
      #deps in value ? 'a Schedule; await schedule.job and pass its result' : undefined,
    );
  }

  /** The name of its jobs: the option `name`, or else the task's name. */
  get name(): string {
    return this.#deps.name;
  }

  /** `'ended'` after `cancel`, a shutdown of the pool, or the last time of `cron`. */
  get state(): 'active' | 'paused' | 'ended' {
    return this.#isCancelled ? 'ended' : this.#isPaused ? 'paused' : 'active';
  }

  /** The latest run; `undefined` before the first. */
  get job(): Job | undefined {
    return this.#job;
  }

  /** When the next run is due; `undefined` if there is none, or while the schedule is paused. */
  get next(): Date | undefined {
    return this.#isCancelled || this.#isPaused ? undefined : this.#times.next?.date;
  }

  /** How many runs were submitted. */
  get runs(): number {
    return this.#runs;
  }

  /** Skips all runs until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#queued = 0;
    this.#stopTimer();
  }

  /** Continues with the next time that is still to come. */
  resume(): void {
    if (!this.#isPaused || this.#isCancelled) return;
    this.#isPaused = false;
    if (this.#leftMs > 0) this.#wait();
    else this.#arm();
  }

  /** Ends the schedule. A run in progress continues: cancel `schedule.job` to stop it, too. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#queued = 0;
    this.#stopTimer();
    this.#deps.ended(this);
  }

  /** Lets the process exit while the schedule is active. */
  unref(): this {
    this.#keepsProcess = false;
    return this.#restartTimer();
  }

  /** Makes the schedule keep the process alive again, which is the default. */
  ref(): this {
    this.#keepsProcess = true;
    return this.#restartTimer();
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { id, name, state, next, runs } = this;
    return shown('Schedule', { ...(id !== undefined && { id }), name, state, next, runs }, inspecting);
  }

  #restartTimer(): this {
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
    const wake = (): void => (this.#leftMs > 0 ? this.#wait() : this.#due());
    const waitMs = Math.min(Math.max(this.#leftMs, 0), this.#times.recheckMs);
    this.#stopTimer = startTimer(waitMs, wake, { keepsProcess: this.#keepsProcess });
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
    const job = this.#deps.submit();
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

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readScheduleOptions(options: unknown): {
  readonly rhythm: Rhythm;
  readonly jobOptions: CheckedJobOptions;
} {
  const given = readOptions(checkObject(options, 'options', ACTION), SCHEDULE_OPTIONS, ACTION);
  const { startAt, overlap = 'skip' } = given;
  const id = given.id === undefined ? undefined : checkText(given.id, 'id', ACTION);
  const ofRuns = bare(given);
  Reflect.deleteProperty(ofRuns, 'startAt'); // applies to the first run, not to each
  const jobOptions = checkJobOptions(ofRuns, ACTION);
  const times = timesOf(given, startAt === undefined ? undefined : checkDate(startAt, 'startAt', ACTION));
  return { rhythm: { id, times, overlap: checkOneOf(overlap, OVERLAPS, 'overlap', ACTION) }, jobOptions };
}

function timesOf({ everyMs, cron, timeZone }: Given<ScheduleOptions>, startAtMs: number | undefined): Times {
  if ((everyMs === undefined) === (cron === undefined))
    throw wrongType(ACTION, 'it needs everyMs or cron, and not both');
  if (everyMs === undefined) return new CronTimes(cron, timeZone, startAtMs);
  if (timeZone !== undefined) throw wrongType(ACTION, 'timeZone is for cron', 'it with everyMs');
  const periodMs = checkPositiveMs(everyMs, 'everyMs', ACTION);
  return new EveryMs(periodMs, startAtMs === undefined ? periodMs : msUntil(startAtMs));
}

/**
 * Times at a fixed interval on the monotonic clock; missed ones are skipped. The wall clock, which may jump or stand
 * still, is read only to express the next time as a date.
 */
class EveryMs implements Times {
  readonly recheckMs = Number.POSITIVE_INFINITY;
  readonly #everyMs: number;
  #dueAtMs: number;
  /** The next time on the wall clock. */
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

/** Makes an instance of the present `Date`: if a test fakes that, the package croner accepts no other. */
function currentDate(ms: number): Date {
  const CurrentDate = Reflect.get(globalThis, 'Date') as DateConstructor;
  return new CurrentDate(ms);
}

/** Returns the first time of a cron expression after `afterMs`, in epoch ms; `undefined` if there is none. */
export function nextCronTime(pattern: string, timeZone: string | undefined, afterMs: number): number | undefined {
  const options = bare({ paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
  return new Cron(pattern, options).nextRun(currentDate(afterMs))?.getTime();
}

/** Times on the wall clock: if that is set, the next time comes sooner or later. */
class CronTimes implements Times {
  readonly recheckMs = RECHECK_MS;
  readonly #cron: Cron;
  #afterMs: number;
  #nextMs: number | undefined;

  constructor(cron: unknown, timeZone: unknown, startAtMs: number | undefined) {
    const pattern = checkString(cron, 'cron', ACTION);
    const timezone = timeZone === undefined ? undefined : checkString(timeZone, 'timeZone', ACTION);
    try {
      this.#cron = new Cron(pattern, bare({ paused: true, ...(timezone === undefined ? {} : { timezone }) }));
      this.#cron.nextRun(); // throws for a time zone that does not exist
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      const where = timezone === undefined ? '' : ` in time zone ${describe(timezone)}`;
      const received = `${describe(pattern)}${where}: ${what}`;
      throw wrongValue(ACTION, 'cron must be a valid expression', received, { cause });
    }
    this.#afterMs = startAtMs === undefined ? 0 : Math.max(startAtMs, Date.now()) - 1;
  }

  get next(): Time | undefined {
    const nextMs = this.#nextMs;
    return nextMs === undefined ? undefined : { date: new Date(nextMs), leftMs: nextMs - Date.now() };
  }

  step(): void {
    // skips times that have already come, even if the clock was set back
    const after = currentDate(Math.max(Date.now(), this.#afterMs));
    this.#nextMs = this.#cron.nextRun(after)?.getTime();
    if (this.#nextMs !== undefined) this.#afterMs = this.#nextMs;
  }
}
