import { wrongType } from '../../base/check/argument-errors.js';
import { settlesWithin, startTimer } from '../../base/timer.js';
import type { DeferredJobs } from '../../core/lifecycle/deferred-jobs.js';
import type { Job } from '../../jobs/job.js';
import {
  changePriority,
  isSettled,
  type JobHandle,
  type JobPool,
  kindOf,
  type PriorityOutcome,
  type StopOutcome,
} from '../../jobs/job-access.js';
import { Cancellation, type StopCause } from '../../jobs/stop-cause.js';
import { markOf, SPLIT } from '../codec/marks.js';
import type { Request } from '../codec/notices.js';
import { toBullPriority } from '../codec/priority.js';
import type { QueueKeys } from '../redis/keys.js';
import type { MarkOutcome, ScriptedRedis } from '../redis/scripts.js';
import type { Adder } from './adder.js';
import type { ClusterJobPool } from './cluster-job.js';
import type { JobTable } from './job-table.js';
import type { Submission } from './submission.js';

/** How long to wait, in ms, before a command that failed is sent again. */
const RETRY_MS = 100;
/** How long a host may take to answer a request to cancel before the job's record is looked at again, in ms. */
const ASK_AGAIN_MS = 5_000;

export interface ClusterControlDeps {
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly table: JobTable;
  readonly deferred: DeferredJobs;
  readonly adder: Adder;
  /** Removes the record of a job that will not run. */
  readonly remove: (id: string) => Promise<unknown>;
  /** Reads the record of a job. */
  readonly lookUp: (submission: Submission) => Promise<void>;
}

/** Cancels jobs and changes their priority, wherever they are. */
export class ClusterControl implements JobPool, ClusterJobPool {
  readonly #deps: ClusterControlDeps;

  constructor(deps: ClusterControlDeps) {
    this.#deps = deps;
  }

  // What local jobs call when a token or a signal cancels them: nobody waits for the outcome.

  cancelJob(job: JobHandle, reason: unknown): StopOutcome {
    return this.stopLocal(job as Job, new Cancellation(job.name, reason));
  }

  stopLocal(job: Job, cause: StopCause): StopOutcome {
    const submission = this.#deps.table.of(job);
    if (submission === undefined || isSettled(job)) return 'too late';
    void this.stop(submission, cause);
    return isSettled(job) ? 'settled' : 'stopping';
  }

  reprioritise(job: JobHandle, priority: number): PriorityOutcome {
    const submission = this.#deps.table.of(job as Job);
    if (submission === undefined || isSettled(job)) return 'too late';
    void this.setPriority(submission, priority);
    return 'changed';
  }

  /** A `ClusterJob` has no `post`, and nobody else sees the local job behind it. */
  post(job: JobHandle): never {
    throw wrongType(`post to job '${(job as Job).name}'`, 'it runs on another machine');
  }

  /** Nor `setTimeLimit`. */
  limitTime(job: JobHandle): never {
    throw wrongType(`set the time limit of job '${(job as Job).name}'`, 'it runs on another machine');
  }

  // What the jobs of the cluster call.

  cancel(submission: Submission, reason: unknown): Promise<boolean> {
    return this.stop(submission, new Cancellation(submission.job.name, reason));
  }

  /** Cancels a job unless its code runs, which may not be known here. */
  cancelWaiting(submission: Submission, reason: unknown): Promise<boolean> {
    return this.stop(submission, new Cancellation(submission.job.name, reason), true);
  }

  /**
   * Stops a job so that it settles as `cause` says. Resolves, once that is decided, with whether it will.
   *
   * @param ifWaiting whether a job whose code runs is left alone.
   */
  async stop(submission: Submission, cause: StopCause, ifWaiting = false): Promise<boolean> {
    const { job } = submission;
    if (isSettled(job)) return false;
    if (this.#takeBack(submission)) {
      submission.books.ledger.settleBy(job, cause);
      return true;
    }
    if (!(await isAdded(submission))) return false;
    const asked = ifWaiting ? 'cancelIfWaiting' : 'cancel';
    const decided = submission.reply(asked, () => kindOf(job).settledAs === cause.state);
    // without the record of a job of a flow, those that need it would begin
    const isInFlow = submission.flow !== undefined;
    const isOwn = !isInFlow && !submission.hasJoined && !this.#deps.table.attached.includes(submission);
    const { text, kind } = markOf(cause, ifWaiting);
    for (;;) {
      const found = await this.#insist(submission, () => this.#mark(submission, text, kind));
      switch (found) {
        case 'marked':
          if (isSettled(job)) return await decided;
          submission.books.ledger.settleBy(job, cause);
          // only tidies up: BullMQ would fail the job, which is how the submitter of somebody else's job learns of the cancel
          if (isOwn && this.#isWholly(submission)) void this.#deps.remove(submission.recordId).catch(() => 0);
          return true;
        case 'running':
          await this.#ask({ kind: 'cancel', id: submission.id, mark: text });
          // its host may have died, or not have heard: then the lock of the job expires, or the host is asked again
          if (await settlesWithin(decided, ASK_AGAIN_MS)) {
            const stops = await decided;
            if (stops) submission.decided ??= cause;
            return stops;
          }
          break;
        case 'gone':
        case 'finished':
          void this.#deps.lookUp(submission).catch(() => {});
          return await decided;
        case 'settled':
          return await decided;
      }
    }
  }

  #mark({ position, recordId }: Submission, text: string, kind: string): Promise<MarkOutcome> {
    const { redis, keys } = this.#deps;
    if (position === undefined) return redis.tsMark(keys.job(recordId), text, kind);
    return redis.tsMarkMember(keys.job(recordId), position.index, text, '0');
  }

  /** Whether the record of a settled job holds no unsettled one: in a batch, all members have settled. */
  #isWholly({ position }: Submission): boolean {
    return position === undefined || (this.#deps.table.membersOf(position.batchId)?.length ?? 0) === 0;
  }

  async setPriority(submission: Submission, priority: number): Promise<boolean> {
    const { job } = submission;
    if (isSettled(job)) return false;
    const { phase } = submission;
    if (phase === 'deferred' || phase === 'queued') return this.#changed(submission, priority);
    if (!(await isAdded(submission))) return false;
    const { redis, keys } = this.#deps;
    const number = toBullPriority(priority);
    const replied = submission.reply('priority', () => false);
    const { position } = submission;
    const found = await this.#insist<MarkOutcome | 'changed'>(submission, () =>
      position === undefined
        ? redis.tsReprioritise(keys.job(submission.id), keys.prioritized, submission.id, number, 'keep')
        : redis.tsMarkMember(keys.job(position.batchId), position.index, SPLIT, '1'),
    );
    if (found === 'marked') {
      // it leaves its batch, whose other members keep their priority
      const isChanged = this.#changed(submission, priority);
      submission.leaveBatch();
      if (isChanged) this.#deps.adder.add(submission);
      return isChanged;
    }
    if (found === 'changed') return this.#changed(submission, priority);
    if (found !== 'running') return false;
    await this.#ask({ kind: 'priority', id: submission.id, priority });
    return (await replied) && this.#changed(submission, priority);
  }

  /** Gives the job that this one has joined this one's priority, if that is higher. */
  async raise(submission: Submission): Promise<void> {
    const { priority } = submission.job;
    const present = await this.#deps.redis.hget(this.#deps.keys.job(submission.id), 'priority');
    if (present !== null && toBullPriority(priority) < Number(present)) await this.setPriority(submission, priority);
  }

  /** Moves a job ahead of its equals, once Redis has it. */
  async toFront(submission: Submission): Promise<void> {
    const { redis, keys } = this.#deps;
    const number = toBullPriority(submission.job.priority);
    await redis.tsReprioritise(keys.job(submission.id), keys.prioritized, submission.id, number, 'front');
  }

  async refresh(submission: Submission): Promise<void> {
    if (isSettled(submission.job) || submission.phase !== 'added') return;
    await this.#deps.lookUp(submission);
  }

  #changed({ job, books }: Submission, priority: number): boolean {
    if (isSettled(job)) return false;
    books.metrics.jobReprioritised(job.priority, priority);
    changePriority(job, priority);
    return true;
  }

  /** Takes back a job that has not been sent. */
  #takeBack(submission: Submission): boolean {
    return this.#deps.deferred.remove(submission.job) || this.#deps.adder.remove(submission);
  }

  /** Sends a request to the hosts. If it is lost on the way, the job's record says the same when it is fetched again. */
  async #ask(request: Request): Promise<void> {
    await this.#deps.redis.publish(this.#deps.keys.requests, JSON.stringify(request)).catch(() => 0);
  }

  /** Repeats a script until Redis replies or the job has settled. Scripts must allow for that. */
  async #insist<O extends MarkOutcome | 'changed'>(
    submission: Submission,
    run: () => Promise<O>,
  ): Promise<O | 'settled'> {
    for (;;) {
      if (isSettled(submission.job)) return 'settled';
      try {
        return await run();
      } catch {
        await new Promise<void>((resolve) => startTimer(RETRY_MS, resolve, { keepsProcess: false }));
      }
    }
  }
}

/** Waits until Redis has the job. Returns false if the job settles first. */
function isAdded(submission: Submission): Promise<boolean> {
  return submission.whenAdded.then(
    () => true,
    () => false,
  );
}
