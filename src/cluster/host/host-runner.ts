import type { Job as BullJob } from 'bullmq';
import { wrongType } from '../../base/check/argument-errors.js';
import { describe, messageOf, stackIfAny, WorkerExitError } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { ensureExtras, isSettled, kindOf } from '../../jobs/job-access.js';
import { withOptions } from '../../jobs/job-options.js';
import { encodeFailure } from '../codec/failure-codec.js';
import type { JobDetails } from '../codec/job-data.js';
import { positionOf } from '../codec/job-id.js';
import { causeOf, isForWaiting, readMemberMarks } from '../codec/marks.js';
import { type Notice, type Request, requestKindOf } from '../codec/notices.js';
import { type Encoded, encodedOrNothing, encodeValue, type Measured } from '../codec/value-codec.js';
import type { QueueKeys } from '../redis/keys.js';
import type { Peers } from '../redis/peers.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import { BatchRun } from './batch-run.js';
import { type ClusterHostSettings, isShutDown } from './cluster-host-options.js';
import type { GiveBack } from './give-back.js';
import { HostRun, type RunStop } from './host-run.js';
import type { KnownHostTask } from './host-tasks.js';
import { readArgs } from './job-args.js';
import { LocalJobs } from './local-jobs.js';
import type { NoticeWriter } from './notice-writer.js';
import { ProgressSender } from './progress-sender.js';
import { nextDelayMs } from './retry-delay.js';
import { TaskLimits } from './task-limits.js';
import { UnknownJobs } from './unknown-jobs.js';

/** Largest result that is part of its notice, in bytes. The submitter reads larger ones from the record. */
const MAX_INLINE = 65_536;
const DRAIN = 'drain';

export interface HostRunnerDeps {
  readonly settings: ClusterHostSettings;
  readonly peers: Peers;
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly notices: NoticeWriter;
  readonly giveBack: GiveBack;
  /** Returns the requests that arrived before their job did. */
  readonly takeKept: (id: string) => readonly Request[];
  readonly clockOffsetMs: () => number;
  readonly onRecovered: (run: HostRun) => void;
  /** A member of a batch has settled. */
  readonly onSettled: (task: string, outcome: Notice) => void;
}

/** Runs BullMQ jobs as jobs of the host's pool: one {@link HostRun} each. */
export class HostRunner {
  readonly #deps: HostRunnerDeps;
  readonly #runs = new Map<string, HostRun>();
  readonly #ofBull = new WeakMap<BullJob, HostRun>();
  readonly #limits = new TaskLimits();
  readonly #local: LocalJobs;
  readonly #unknown: UnknownJobs;
  /** The reading that the last fetched batch does before its members begin. */
  #reading: Promise<unknown> | undefined;
  /** Whether the host is leaving: no more jobs begin. */
  #isLeaving = false;
  readonly #whenEmpty: (() => void)[] = [];

  constructor(deps: HostRunnerDeps) {
    this.#deps = deps;
    this.#local = new LocalJobs(deps.settings.pool, deps.clockOffsetMs);
    this.#unknown = new UnknownJobs(deps);
  }

  get runs(): ReadonlyMap<string, HostRun> {
    return this.#runs;
  }

  /** The run of a BullMQ job, even after it has ended. */
  runOf(bull: BullJob): HostRun | undefined {
    return this.#ofBull.get(bull);
  }

  /** Runs a job: what BullMQ calls its processor. Two parameters, so that BullMQ makes no AbortController for each job. */
  readonly process = async (bull: BullJob, token: string | undefined): Promise<unknown> => {
    const run = new HostRun(bull, token ?? '');
    this.#runs.set(run.id, run);
    this.#ofBull.set(bull, run);
    try {
      return await this.#run(run);
    } finally {
      this.#runs.delete(run.id);
      if (this.#runs.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
    }
  };

  /** Handles a request of a submitter. Returns false if its job is not here. */
  request(request: Request): boolean {
    const run = this.#runs.get(request.id);
    if (run === undefined) return this.#requestOfMember(request);
    if (run.local === undefined) {
      run.early.push(request);
      run.onEarly?.();
    } else this.#reply(run, run.local, request);
    return true;
  }

  #requestOfMember(request: Request): boolean {
    const position = positionOf(request.id);
    const run = position && this.#runs.get(position.batchId);
    if (position === undefined || run?.data?.n === undefined) return false;
    if (run.batch === undefined) run.early.push(request);
    else this.#notify(run, ['replied', request.id, requestKindOf(request), run.batch.request(position.index, request)]);
    return true;
  }

  /** Stops a run whose lock is lost, at once and without a notice. */
  fence(run: HostRun): void {
    run.stoppedBy = 'fenced';
    for (const local of run.locals) {
      if (isSettled(local)) continue;
      const extras = ensureExtras(local);
      if (extras.options !== undefined) extras.options = withOptions(extras.options, { graceMs: 0 });
      local.cancel('the lock of the job was lost');
    }
    run.onEarly?.();
  }

  /** Resolves once no job runs. */
  whenEmpty(): Promise<void> {
    return this.#runs.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** From now on jobs are given back: those that run, those that have not begun, and those that are still being fetched. */
  leave(): void {
    this.#isLeaving = true;
    for (const run of this.#runs.values()) {
      run.stoppedBy ??= 'drained';
      for (const local of run.locals) local.cancel(DRAIN);
      run.onEarly?.();
    }
  }

  async #run(run: HostRun): Promise<unknown> {
    const { giveBack } = this.#deps;
    run.early.push(...this.#deps.takeKept(run.id));
    if (this.#isLeaving) return await giveBack.toHead(run);
    await giveBack.keepOrder(run);
    if (run.bull.stalledCounter > 0) this.#recovered(run);
    const known = this.#unknown.taskOf(run);
    if (known === undefined) throw this.#refused(await this.#unknown.putBack(run), run);
    if (run.data?.n !== undefined) return await this.#batch(run, known, run.data.n);
    if (this.#reading !== undefined) await this.#reading.catch(() => {}); // a batch that was fetched earlier begins earlier
    await this.#enter(run, known);
    try {
      return await this.#call(run, known);
    } finally {
      this.#limits.leave(known);
    }
  }

  /** Runs the calls of a batch, each as a job of the pool. */
  async #batch(run: HostRun, known: KnownHostTask, count: number): Promise<unknown> {
    const { settings, redis, keys, giveBack } = this.#deps;
    const calls: unknown = run.data?.a;
    if (!Array.isArray(calls) || calls.length !== count) {
      throw this.#refused(
        wrongType(`run batch '${run.bull.name}'`, 'it must have a list of calls', describe(calls)),
        run,
      );
    }
    const batch = new BatchRun(run, count, {
      hostId: settings.id,
      read: (id) => this.#first(readBatch(redis, keys.job(id))),
      save: (id, settled) => redis.tsRecord(keys.job(id), 'tsm', settled),
      submit: (call) => (this.#isLeaving ? undefined : this.#local.submit(run, known, call)),
      enter: () => this.#enterMember(run, known),
      leave: () => this.#limits.leave(known),
      isEndOfPool: () => this.#isEndOfPool(run.stoppedBy),
      send: (notices) => {
        for (const notice of notices) this.#notify(run, notice);
      },
      settled: (outcome) => this.#deps.onSettled(run.bull.name, outcome),
    });
    run.batch = batch;
    for (const request of run.early.splice(0)) this.#requestOfMember(request);
    const outcomes = await batch.go(calls as readonly Encoded[]);
    if (run.stoppedBy === 'fenced') throw giveBack.done;
    if (run.stoppedBy === 'drained' || batch.isCut) return await giveBack.toHead(run);
    return { m: outcomes };
  }

  /**
   * Makes runs that are fetched from now on wait until a batch has read its record, so that equals begin in the order of the
   * queue.
   */
  #first<T>(reading: Promise<T>): Promise<T> {
    this.#reading = reading;
    const over = (): void => {
      if (this.#reading === reading) this.#reading = undefined;
    };
    reading.then(over, over);
    return reading;
  }

  #enterMember(run: HostRun, known: KnownHostTask): boolean | Promise<boolean> {
    if (run.stoppedBy === undefined && !this.#isLeaving && this.#limits.tryEnter(known)) return true;
    return this.#waitForPlace(run, known);
  }

  async #waitForPlace(run: HostRun, known: KnownHostTask): Promise<boolean> {
    while (run.stoppedBy === undefined && !this.#isLeaving) {
      if (this.#limits.tryEnter(known)) return true;
      await this.#placeFree(run, known);
    }
    return false;
  }

  /** Waits for a place, if the task has a limit of its own. */
  async #enter(run: HostRun, known: KnownHostTask): Promise<void> {
    for (;;) {
      this.#checkEarly(run);
      if (run.stoppedBy === 'drained' || this.#isLeaving) return await this.#deps.giveBack.toHead(run);
      if (run.stoppedBy === 'fenced') throw this.#deps.giveBack.done;
      if (this.#limits.tryEnter(known)) return;
      await this.#placeFree(run, known);
    }
  }

  /** Resolves when there may be a place for a job of the task, or when a request for the run arrives. */
  async #placeFree(run: HostRun, known: KnownHostTask): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = this.#limits.onceFree(known, resolve);
      run.onEarly = () => {
        stop();
        resolve();
      };
    });
    run.onEarly = undefined;
  }

  /** Handles a cancel that came before the job was on the pool: the job never begins. */
  #checkEarly(run: HostRun): void {
    for (const request of run.early) if (request.kind === 'cancel') throw this.#cancelled(run, request.mark);
  }

  async #call(run: HostRun, known: KnownHostTask): Promise<unknown> {
    const args = await readArgs(run, this.#deps).catch((error: unknown) => {
      throw this.#refused(error, run);
    });
    this.#checkEarly(run); // it may have come while the arguments were read
    if (this.#isLeaving) return await this.#deps.giveBack.toHead(run);
    const local = this.#local.submit(run, known, { id: run.id, args });
    run.local = local;
    if (local === undefined) return await this.#deps.giveBack.toHead(run);
    const progress =
      run.data === undefined ? undefined : new ProgressSender(run.id, local, (notice) => this.#notify(run, notice));
    for (const request of run.early.splice(0)) this.#reply(run, local, request);
    await local.catch(() => {});
    progress?.flush();
    return await this.#end(run, known, local);
  }

  #reply(run: HostRun, local: Job, request: Request): void {
    const isDone =
      request.kind === 'priority' ? local.setPriority(request.priority) : this.#stops(run, local, request.mark);
    this.#notify(run, ['replied', run.id, requestKindOf(request), isDone]);
  }

  /**
   * Cancels a job, unless its code runs and the mark is for waiting jobs only. Returns whether the job will settle CANCELLED.
   */
  #stops(run: HostRun, local: Job, mark: string): boolean {
    const isSpared = isForWaiting(mark) && local.state === 'RUNNING';
    const stops =
      !isSpared && (local.cancel(causeOf(mark, local.name)?.reason) || kindOf(local).settledAs === 'CANCELLED');
    if (stops) {
      run.stoppedBy = run.stoppedBy === 'fenced' ? 'fenced' : 'cancelled';
      run.mark ??= mark;
    } else run.isLast = true;
    return stops;
  }

  /** The local job has settled: returns the result for BullMQ, or throws the error that tells BullMQ what to do instead. */
  async #end(run: HostRun, known: KnownHostTask, local: Job): Promise<unknown> {
    const { giveBack, settings } = this.#deps;
    if (run.stoppedBy === 'fenced') throw giveBack.done;
    const { settledAs } = kindOf(local);
    if (settledAs === 'COMPLETED') return this.#completed(run, local);
    const { error } = local;
    if (settledAs !== 'CANCELLED') throw this.#failedRun(run, known, local, error);
    if (run.stoppedBy === 'drained' || this.#isEndOfPool(run.stoppedBy)) return await giveBack.toHead(run);
    run.outcome = ['cancelled', run.id, encodeFailure(error), run.info(settings.id), encodedOrNothing(local.result)];
    throw new this.#deps.peers.bullmq.UnrecoverableError(run.mark ?? 'CANCELLED:');
  }

  /** Whether the pool has cancelled a job because it was shut down, as by a signal, and not on request. */
  #isEndOfPool(stoppedBy: RunStop | undefined): boolean {
    return stoppedBy === undefined && isShutDown(this.#deps.settings.pool);
  }

  #completed(run: HostRun, local: Job): unknown {
    if (run.data === undefined) return local.result;
    let measured: Measured;
    try {
      measured = encodeValue(local.result, 'result');
    } catch (error) {
      throw this.#refused(error, run);
    }
    const { encoded, bytes } = measured;
    run.outcome = ['completed', run.id, bytes > MAX_INLINE ? { r: 1 } : encoded, run.info(this.#deps.settings.id)];
    return encoded;
  }

  #failedRun(run: HostRun, known: KnownHostTask, local: Job, error: unknown): Error {
    const details = run.data?.o ?? {};
    const isLast =
      run.isLast ||
      local.attempts === 0 ||
      (error instanceof WorkerExitError && details.w !== 1) ||
      !mayRetry(known, error) ||
      this.#isTooLate(run, details);
    run.outcome = ['failed', run.id, encodeFailure(error), run.info(this.#deps.settings.id)];
    return isLast ? this.#failed(error, run) : this.#failure(error, run);
  }

  /** Whether another attempt would begin after the deadline. */
  #isTooLate({ bull }: HostRun, { d }: JobDetails): boolean {
    return d !== undefined && Date.now() + this.#deps.clockOffsetMs() + nextDelayMs(bull) > d;
  }

  /** Returns the error that makes BullMQ fail a job for good that cannot be run as it is. */
  #refused(error: unknown, run: HostRun): Error {
    run.outcome = ['failed', run.id, encodeFailure(error), run.info(this.#deps.settings.id)];
    return this.#failed(error, run);
  }

  /**
   * Returns the error that makes BullMQ fail the job for good. The job's own error is written into the record before BullMQ
   * changes that.
   */
  #failed(error: unknown, run: HostRun): Error {
    const failure = new this.#deps.peers.bullmq.UnrecoverableError(messageOf(error));
    return this.#recorded(failure, error, run);
  }

  #failure(error: unknown, run: HostRun): Error {
    return this.#recorded(new Error(messageOf(error)), error, run);
  }

  #recorded(failure: Error, error: unknown, run: HostRun): Error {
    failure.stack = stackIfAny(error) ?? failure.message;
    if (run.data !== undefined) {
      const text = JSON.stringify(run.outcome?.[2] ?? encodeFailure(error));
      const key = this.#deps.keys.job(run.id);
      this.#deps.redis.tsRecord(key, 'tserr', text).catch(() => {});
      if (!run.hasBegun) this.#deps.redis.tsRecord(key, 'tsnb', '1').catch(() => {});
    }
    return failure;
  }

  #cancelled(run: HostRun, mark: string): Error {
    const error = causeOf(mark, run.bull.name)?.error();
    run.outcome = ['cancelled', run.id, encodeFailure(error), run.info(this.#deps.settings.id)];
    return new this.#deps.peers.bullmq.UnrecoverableError(mark);
  }

  /** Another host that ran the job has died. */
  #recovered(run: HostRun): void {
    this.#notify(run, ['recovered', run.id, run.attempt - 1, this.#deps.settings.id]);
    this.#deps.onRecovered(run);
  }

  #notify(run: HostRun, notice: Notice): void {
    if (run.data?.s !== undefined) this.#deps.notices.write(run.data.s, notice);
  }
}

/** Reads what others have written into the record of a batch. */
async function readBatch(redis: ScriptedRedis, key: string) {
  const [marks, settled] = await redis.hmget(key, 'cx', 'tsm');
  return { marks: readMemberMarks(marks), settled: settled ?? null };
}

function mayRetry({ retryIf }: KnownHostTask, error: unknown): boolean {
  try {
    return retryIf?.(error) ?? true;
  } catch {
    return false;
  }
}
