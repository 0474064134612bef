import { now } from '../../base/clock.js';
import type { ListenerQueue } from '../../base/listener-queue.js';
import { toTicks } from '../../base/ticks.js';
import { CancelledError, JobTimeoutError } from '../../errors.js';
import { isSettled, kindOf, recordRun } from '../../jobs/job-access.js';
import { addReport, raiseToken, taskOf } from '../../jobs/job-engine.js';
import { decodeFailure } from '../codec/failure-codec.js';
import { type Elsewhere, isElsewhere } from '../codec/job-data.js';
import type { Notice, RunInfo } from '../codec/notices.js';
import { decodeValue, type Encoded } from '../codec/value-codec.js';
import type { JobTable } from './job-table.js';
import type { RunTimes } from './run-times.js';
import type { Submission } from './submission.js';

export interface RemoteOutcomesDeps {
  readonly table: JobTable;
  readonly listenerQueue: ListenerQueue;
  readonly runTimes: RunTimes;
}

/** Handles the notices of hosts, and settles jobs by them: the first outcome of a job counts, later ones are dropped. */
export class RemoteOutcomes {
  readonly #deps: RemoteOutcomesDeps;
  #lookUp = (_submission: Submission): void => {};

  constructor(deps: RemoteOutcomesDeps) {
    this.#deps = deps;
  }

  /** Connects what reads the record of a job, which is made after this: for notices that do not contain the whole outcome. */
  reportTo(lookUp: (submission: Submission) => void): void {
    this.#lookUp = lookUp;
  }

  handle(notice: Notice): void {
    const submission = this.#deps.table.get(notice[1]);
    if (submission === undefined) {
      const members = this.#deps.table.membersOf(notice[1]);
      if (members !== undefined) {
        for (const { ownId } of members) this.handle([notice[0], ownId, ...notice.slice(2)] as unknown as Notice);
        return;
      }
      if (notice[0] === 'completed' || notice[0] === 'failed' || notice[0] === 'cancelled') this.#deps.table.late++;
      return;
    }
    submission.heardAtMs = now();
    switch (notice[0]) {
      case 'begun':
        this.#begun(submission, notice[2]);
        break;
      case 'progress':
        this.#reported(submission, notice[2]);
        break;
      case 'completed':
        this.completed(submission, notice[2], notice[3]);
        break;
      case 'failed':
        this.failed(submission, decodeFailure(notice[2]), notice[3]);
        break;
      case 'cancelled':
        this.cancelled(submission, decodeFailure(notice[2]), notice[3], notice[4]);
        break;
      case 'retried':
        this.#retried(submission, notice);
        break;
      case 'recovered':
        this.#deps.table.waits(submission, notice[2]);
        this.#deps.table.recoveries++;
        submission.books.events.emit('jobRecovered', submission.job, { hostId: notice[3] });
        break;
      case 'replied':
        submission.replied(notice[2], notice[3]);
        break;
    }
  }

  #begun(submission: Submission, run: RunInfo): void {
    this.#deps.table.begun(submission, run);
    submission.books.events.emit('jobStarted', submission.job);
  }

  #reported(submission: Submission, encoded: Encoded): void {
    try {
      addReport(submission.job, decodeValue(encoded, 'report'), this.#deps.listenerQueue);
    } catch (unreadable) {
      addReport(submission.job, unreadable, this.#deps.listenerQueue);
    }
  }

  #retried(
    submission: Submission,
    [, , encoded, run, delayMs]: Extract<Notice, readonly ['retried', ...unknown[]]>,
  ): void {
    const [attempt, , executionMs, workerId] = run;
    submission.begun(run);
    this.#deps.table.waits(submission, attempt);
    submission.books.metrics.jobRetried(taskOf(submission.job));
    const startedAt = Date.now() - executionMs;
    const failed = { error: decodeFailure(encoded), attempt, delayMs, startedAt, executionMs, workerId };
    submission.books.events.emit('jobRetried', submission.job, failed);
  }

  completed(submission: Submission, encoded: Encoded | Elsewhere, run: RunInfo): void {
    if (isSettled(submission.job)) return;
    if (isElsewhere(encoded)) {
      this.#lookUp(submission);
      return;
    }
    let value: unknown;
    try {
      value = decodeValue(encoded, 'result');
    } catch (unreadable) {
      this.failed(submission, unreadable, run);
      return;
    }
    this.#ran(submission, run);
    submission.books.ledger.complete(submission.job, value);
  }

  failed(submission: Submission, error: unknown, run?: RunInfo): void {
    if (isSettled(submission.job)) return;
    if (run !== undefined) this.#ran(submission, run);
    if (error instanceof JobTimeoutError) submission.books.metrics.jobTimedOut(taskOf(submission.job));
    submission.books.ledger.settle(submission.job, 'FAILED', { outcome: error });
  }

  /** Settles a job of which no more will be heard: FAILED, unless a stop was decided. */
  givenUp(submission: Submission, error: unknown): void {
    const { job, decided, books } = submission;
    if (decided === undefined) this.failed(submission, error);
    else if (!isSettled(job)) books.ledger.settleBy(job, decided);
  }

  /** @param late what the code returned although it was cancelled. */
  cancelled(submission: Submission, error: unknown, run?: RunInfo, late?: Encoded): void {
    const { job } = submission;
    if (isSettled(job)) return;
    if (run !== undefined) this.#ran(submission, run);
    raiseToken(job, error instanceof CancelledError ? error.reason : undefined);
    if (isSettled(job)) return; // by a listener of the token
    const result = late === undefined ? undefined : { result: readLate(late) };
    submission.books.ledger.settle(job, 'CANCELLED', { outcome: error, late: result });
  }

  #ran(submission: Submission, run: RunInfo): void {
    const [, queuedMs, executionMs] = run;
    const [queued, execution] = [toTicks(Math.max(0, queuedMs)), toTicks(executionMs)];
    recordRun(submission.job, submission.ended(run), queued, execution);
    const kind = kindOf(submission.job);
    const { task } = kind;
    submission.books.metrics.jobRan(kind, queued, execution);
    if (!task.origin.each) this.#deps.runTimes.learn(task.name, executionMs);
  }
}

function readLate(encoded: Encoded): unknown {
  try {
    return decodeValue(encoded, 'result');
  } catch {
    return undefined;
  }
}
