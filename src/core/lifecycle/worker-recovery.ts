import { now } from '../../base/clock.js';
import { toTicks } from '../../base/ticks.js';
import { messageOf, WorkerExitError } from '../../errors.js';
import { reasonOf, type ThreadExit } from '../../host/thread-exit.js';
import type { Job } from '../../jobs/job.js';
import { begunAttempts, kindOf, recordRun, seqOf, waitedSince, waitedTicks } from '../../jobs/job-access.js';
import { transferOf } from '../../jobs/job-engine.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { Balance } from '../dispatch/balance.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { PoolLog } from '../log.js';
import type { PoolWorker } from '../pool-worker.js';
import { type GraceEvents, GraceKeeper } from '../workers/grace.js';
import type { Spares } from '../workers/spares.js';
import type { StartBackoff } from '../workers/start-backoff.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { ChildJobs } from './child-jobs.js';
import type { FailedStarts } from './failed-starts.js';
import type { Settling } from './settling.js';
import type { TimeLimits } from './time-limits.js';

/** An attempt without an answer, in ms of `now()`. */
interface LostAttempt {
  readonly begunAtMs: number;
  readonly endedAtMs: number;
}

export interface RecoveryDeps {
  readonly dispatcher: Dispatcher;
  readonly balance: Balance;
  readonly workers: WorkerSet;
  readonly spares: Spares;
  readonly backoff: StartBackoff;
  readonly failedStarts: FailedStarts;
  readonly settling: Settling;
  readonly limits: TimeLimits;
  readonly childJobs: ChildJobs;
  readonly metrics: MetricsRecorder;
  readonly log: PoolLog;
  readonly pacer: Pacer;
}

/**
 * Ends and replaces workers, and accounts for threads that end: shared memory says what became of each of their jobs, so
 * that each settles once (I1).
 */
export class WorkerRecovery implements GraceEvents {
  readonly grace: GraceKeeper;
  readonly #deps: RecoveryDeps;

  constructor(graceMs: number, deps: RecoveryDeps) {
    this.#deps = deps;
    this.grace = new GraceKeeper(graceMs, this);
  }

  /** A worker will probably have to be ended: its replacement is started. */
  endExpected(worker: PoolWorker): void {
    this.#deps.spares.startFor(worker);
  }

  /** The worker need not be ended after all. */
  endAvoided(worker: PoolWorker): void {
    this.#deps.spares.endFor(worker);
  }

  /**
   * Ends a worker's thread at once. Jobs that it has not begun return to their positions in the queue now, not when the
   * thread is gone.
   */
  endWorker(worker: PoolWorker): void {
    const { balance, spares, log, pacer } = this.#deps;
    const reason = messageOf(worker.endCause);
    log.workerReplaced(worker, reason);
    balance.recall(worker);
    worker.terminate({ reason: 'deaf', text: reason });
    spares.useFor(worker);
    pacer.pump();
  }

  /** Ends a worker's thread once its other jobs have ended; `job`, which does not stop, settles now. */
  retireWorker(worker: PoolWorker, job: Job): void {
    const { balance, spares, log, pacer } = this.#deps;
    const reason = `Job '${job.name}' did not stop when asked to`;
    log.workerReplaced(worker, `${reason}; the thread will exit when its other jobs have ended`);
    balance.recall(worker);
    const begunAtMs = worker.begunAtMs(seqOf(job));
    worker.retire({ reason: 'deaf', text: reason }, job);
    spares.useFor(worker);
    this.#giveUp(job, worker, { begunAtMs, endedAtMs: now() });
    this.#deps.settling.stopped(job, undefined);
    pacer.pump();
  }

  /**
   * Deals with the jobs of a thread that is gone, once its lane has been read to its end: jobs that had finished stand, those
   * that had not begun go back, the rest is settled. Returns false if the worker counts as one that could not start.
   */
  workerExited(worker: PoolWorker, exit: ThreadExit): boolean {
    const { workers, spares, dispatcher, settling, pacer, backoff, failedStarts } = this.#deps;
    workers.remove(worker);
    spares.useFor(worker);
    const { begun, cancelling, waiting } = worker.inFlight.abandon();
    const nowMs = now();
    const robbed: Job[] = []; // their transferred values are lost with the thread
    for (const job of waiting) {
      if (transferOf(job) === undefined) dispatcher.queue.insert(job);
      else robbed.push(job);
    }
    for (const job of cancelling) {
      this.grace.stop(job, worker);
      this.#giveUp(job, worker, { begunAtMs: worker.begunAtMs(seqOf(job)), endedAtMs: nowMs });
      settling.stopped(job, undefined);
    }
    for (const job of begun) {
      this.#giveUp(job, worker, { begunAtMs: worker.begunAtMs(seqOf(job)), endedAtMs: nowMs });
      settling.threadLost(job, lostError(job, exit));
    }
    for (const job of robbed) {
      this.#giveUp(job, worker, { begunAtMs: nowMs, endedAtMs: nowMs });
      settling.threadLost(job, lostError(job, exit));
    }
    // a worker whose loop fails before it has begun a job would fail repeatedly
    const hasServed = !worker.isBroken || worker.jobsRun + begun.length + cancelling.length + robbed.length > 0;
    if (!hasServed) backoff.revokeSuccess();
    const hadStarted = (worker.wasUp && hasServed) || worker.wasEnded;
    if (hadStarted) pacer.pump();
    else failedStarts.add(exit, worker.startedAtMs); // before the next is started
    pacer.drain(); // the worker may have rung for all workers, and its ring be lost with its port
    return hadStarted;
  }

  /** Ends the attempt of a job whose code can no longer answer: it lasted until its thread had ended, or until now. */
  #giveUp(job: Job, worker: PoolWorker, { begunAtMs, endedAtMs }: LostAttempt): void {
    const { limits, childJobs, metrics } = this.#deps;
    limits.ended(job);
    const waited = waitedTicks(job, { begunAtMs });
    const ranTicks = toTicks(Math.max(0, endedAtMs - begunAtMs));
    recordRun(job, worker.runs.of(begunAttempts(job) + 1, waitedSince(job)), waited, ranTicks);
    metrics.jobRan(kindOf(job), waited, ranTicks);
    childJobs.cancelChildren(job);
  }
}

function lostError(job: Job, exit: ThreadExit): WorkerExitError {
  const what = `The thread of job '${job.name}' ended with exit code ${exit.exitCode} while the job was running`;
  return new WorkerExitError(what + reasonOf(exit), exit);
}
