import type { Redis } from 'ioredis';
import { clearInterval, now, setInterval } from '../../base/clock.js';
import { isSettled } from '../../jobs/job-access.js';
import { decodeFailure } from '../codec/failure-codec.js';
import { causeOf, STALLED } from '../codec/marks.js';
import { checkNotices, readNotices } from '../codec/notices.js';
import type { Encoded } from '../codec/value-codec.js';
import { HostLostError, JobLostError } from '../errors.js';
import type { QueueKeys } from '../redis/keys.js';
import { isEncoded, type JobRecord, readRecords } from '../redis/record.js';
import type { Adder } from './adder.js';
import type { JobTable } from './job-table.js';
import type { RemoteOutcomes } from './remote-outcomes.js';
import type { Submission } from './submission.js';

/** How many records are read by one pipeline. */
const AT_ONCE = 500;
/** How often a job whose record is gone is added again. */
const MAX_RESUBMITS = 3;
/** How often the records of jobs are read of which no host notifies this submitter, in ms. */
const WATCH_MS = 500;

export interface SweeperDeps {
  readonly redis: Redis;
  readonly keys: QueueKeys;
  readonly table: JobTable;
  readonly adder: Adder;
  readonly outcomes: RemoteOutcomes;
  readonly settings: { readonly sweepMs: number; readonly onLost: 'fail' | 'resubmit' };
}

/**
 * Reads the records of jobs of which nothing was heard for a while. The record is the truth; a notice can be lost with the host
 * that was to send it, or with its stream.
 */
export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #timer: NodeJS.Timeout;
  #watchTimer: NodeJS.Timeout | undefined;
  /** How many outcomes were found by reading records. */
  found = 0;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#sweepSilent(), Math.max(10, deps.settings.sweepMs / 4)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearInterval(this.#watchTimer);
  }

  /** Looks a job up every 500 ms until it has settled, as no host notifies this submitter of it. */
  watch(submission: Submission): void {
    this.#deps.table.watch(submission);
    this.#watchTimer ??= setInterval(() => void this.#sweepWatched(), WATCH_MS).unref();
  }

  #sweepWatched(): Promise<void> {
    const watched = [...this.#deps.table.watched];
    if (watched.length > 0) return this.#sweep(watched);
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
    return Promise.resolve();
  }

  #sweepSilent(): Promise<void> {
    const silentSince = now() - this.#deps.settings.sweepMs;
    return this.#sweep(this.#deps.table.all.filter(({ heardAtMs }) => heardAtMs < silentSince));
  }

  /** Looks up all jobs, as after a reconnect. */
  sweepAll(): Promise<void> {
    const { all, attached } = this.#deps.table;
    return this.#sweep([...all, ...attached]);
  }

  async #sweep(submissions: readonly Submission[]): Promise<void> {
    const known = submissions.filter(({ phase }) => phase === 'added');
    for (let from = 0; from < known.length; from += AT_ONCE)
      await this.lookUp(known.slice(from, from + AT_ONCE)).catch(() => {}); // the next sweep tries again
  }

  /** Reads the records of jobs that Redis has, and settles those that have ended. */
  async lookUp(submissions: readonly Submission[]): Promise<void> {
    const { redis, keys } = this.#deps;
    const byRecord = new Map<string, Submission[]>();
    for (const submission of submissions) {
      submission.heardAtMs = now();
      const same = byRecord.get(submission.recordId);
      if (same === undefined) byRecord.set(submission.recordId, [submission]);
      else same.push(submission);
    }
    const records = await readRecords(redis, keys, [...byRecord.keys()]);
    for (const [index, same] of [...byRecord.values()].entries()) {
      const record = records[index];
      for (const submission of same)
        if (record !== undefined && !isSettled(submission.job))
          this.#applyAny(submission, continued(record, submission));
    }
  }

  #applyAny(submission: Submission, record: JobRecord): void {
    if (submission.position === undefined) this.#apply(submission, record);
    else this.#applyMember(submission, record);
  }

  /** Applies what the record of a batch says of a member. */
  #applyMember(submission: Submission, record: JobRecord): void {
    const { outcomes } = this.#deps;
    const settled = record.state === 'completed' ? membersIn(record.value) : undefined;
    const noted = record.state === 'unsettled' ? record.settled : undefined;
    const notices = noted === undefined ? checkNotices(settled) : readNotices(noted);
    const own = notices.find(([, id]) => id === submission.ownId);
    if (own !== undefined) {
      this.found++;
      outcomes.handle(own);
    } else if (record.state === 'completed') {
      submission.leaveBatch(); // it has a record of its own, or is lost
      void this.lookUp([submission]).catch(() => {});
    } else if (record.state !== 'unsettled') this.#apply(submission, record);
    else if (!record.isRunning) this.#deps.table.waits(submission, record.run[0]);
  }

  #apply(submission: Submission, record: JobRecord): void {
    const { outcomes, table } = this.#deps;
    switch (record.state) {
      case 'gone':
        this.#lost(submission);
        break;
      case 'unsettled':
        if (record.isRunning) table.begun(submission, record.run);
        else table.waits(submission, record.run[0]);
        break;
      case 'completed': {
        this.found++;
        const { value } = record;
        outcomes.completed(submission, (isEncoded(value) ? value : { j: value }) as Encoded, record.run);
        break;
      }
      case 'failed':
        this.found++;
        this.#failed(submission, record);
        break;
    }
  }

  #failed(submission: Submission, { reason, error, run }: Extract<JobRecord, { readonly state: 'failed' }>): void {
    const { outcomes } = this.#deps;
    const cause = causeOf(reason, submission.job.name);
    if (cause?.state === 'CANCELLED') outcomes.cancelled(submission, cause.error(), run);
    else outcomes.failed(submission, cause?.error() ?? failureOf(submission, reason, error), run);
  }

  #lost(submission: Submission): void {
    const { settings, adder, outcomes, table } = this.#deps;
    if (submission.hasJoined) {
      table.unwatch(submission);
      submission.leave();
      adder.add(submission);
      return;
    }
    submission.leaveBatch();
    const canAdd = submission.decided === undefined && !table.attached.includes(submission);
    if (canAdd && settings.onLost === 'resubmit' && submission.timesLost++ < MAX_RESUBMITS) {
      adder.add(submission);
      return;
    }
    const message = `Job '${submission.job.name}' (id ${submission.id}) is lost: its record is gone from Redis`;
    outcomes.givenUp(submission, new JobLostError(message));
  }
}

/** Returns what the result of a batch says of its members. */
function membersIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'm' in value ? value.m : undefined;
}

/** Returns the record with the attempts that were made by other jobs before. */
function continued<R extends JobRecord>(record: R, { attemptsBefore }: Submission): R {
  if (attemptsBefore === 0 || record.state === 'gone') return record;
  const [attempt, ...rest] = record.run;
  return { ...record, run: [attempt + attemptsBefore, ...rest] };
}

/** Returns the error of a failed job: as its host has encoded it, or else with BullMQ's text. */
function failureOf(submission: Submission, reason: string, encoded: unknown): Error {
  if (reason === STALLED) return hostLost(submission);
  return encoded === undefined ? new Error(reason) : decodeFailure(encoded);
}

function hostLost({ job, id, hosts }: Submission): HostLostError {
  const message = `Job '${job.name}' (id ${id}) failed: too many hosts died while they ran it`;
  return new HostLostError(message, { hosts: [...hosts] });
}
