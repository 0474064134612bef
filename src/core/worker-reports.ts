import { now, toEpoch } from '../base/clock.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Collection, CollectionStep } from '../contract/collections.js';
import type { FunctionCall } from '../contract/pool-functions.js';
import type { Printed } from '../contract/printed.js';
import type { ThreadExit } from '../host/thread-exit.js';
import type { Job } from '../jobs/job.js';
import { raiseToken, taskOf } from '../jobs/job-engine.js';
import { mailRead } from '../jobs/job-mail.js';
import type { MetricsRecorder } from '../metrics/recorder.js';
import type { Balance } from './dispatch/balance.js';
import type { Pacer } from './dispatch/pacer.js';
import { learnBlock } from './dispatch/run-estimate.js';
import type { EventHub } from './events.js';
import type { Functions } from './functions.js';
import type { Ledger } from './ledger.js';
import type { ChildIntake } from './lifecycle/child-intake.js';
import type { ChildJobs } from './lifecycle/child-jobs.js';
import type { FailedStarts } from './lifecycle/failed-starts.js';
import type { JobControl } from './lifecycle/job-control.js';
import type { WorkerRecovery } from './lifecycle/worker-recovery.js';
import type { PoolLog } from './log.js';
import type { ReadonlyPoolState } from './pool-state.js';
import type { PoolWorker } from './pool-worker.js';
import type { Profiling } from './profile/profiling.js';
import type { TraceRecorder } from './trace/trace-recorder.js';
import type { IdleReaper } from './workers/idle-reaper.js';
import type { Recycling } from './workers/recycling.js';
import type { StartBackoff } from './workers/start-backoff.js';
import type { WarmUp } from './workers/warm-up.js';
import type { WorkerOutput } from './workers/worker-output.js';
import type { WorkerSet, WorkerSetEvents } from './workers/worker-set.js';

export interface WorkerReportsDeps {
  /** Held only to keep it alive: while a job or a worker refers to the pool's parts, `shutdownAll` must find the pool itself. */
  readonly pool: object;
  readonly state: ReadonlyPoolState;
  readonly events: EventHub;
  readonly log: PoolLog;
  readonly metrics: MetricsRecorder;
  readonly output: WorkerOutput;
  readonly ledger: Ledger;
  readonly functions: Functions;
  readonly workers: WorkerSet;
  readonly reaper: IdleReaper;
  readonly profiling: Profiling;
  readonly recorder: TraceRecorder;
  readonly balance: Balance;
  readonly pacer: Pacer;
  readonly backoff: StartBackoff;
  readonly failedStarts: FailedStarts;
  readonly recovery: WorkerRecovery;
  readonly recycling: Recycling;
  readonly warmUp: WarmUp;
  readonly control: JobControl;
  readonly childJobs: ChildJobs;
  readonly childIntake: ChildIntake;
}

/** What a pool does when its workers report something other than the outcome of a job, which `Outcomes` receives. */
export class WorkerReports implements WorkerSetEvents {
  readonly #deps: WorkerReportsDeps;

  constructor(deps: WorkerReportsDeps) {
    this.#deps = deps;
  }

  workerRang(): void {
    this.#deps.pacer.drain();
  }

  workerStarting(worker: PoolWorker): void {
    const { log, profiling, recorder, events } = this.#deps;
    const { workerId, threadId } = worker;
    profiling.workerStarting(worker);
    recorder.workerStarting(worker);
    log.workerStarting(worker);
    events.emit('workerStarting', { workerId, threadId });
  }

  workerReady(worker: PoolWorker): void {
    const { log, recorder, backoff, events, pacer, reaper, recycling, warmUp } = this.#deps;
    const { workerId, threadId } = worker;
    log.workerReady(worker);
    recorder.workerReady(worker);
    backoff.succeeded();
    events.emit('workerStarted', { workerId, threadId });
    warmUp.workerReady();
    recycling.workerReady(worker);
    pacer.pump();
    reaper.watch();
  }

  hooksEnded(): void {
    this.#deps.pacer.pump();
    this.#deps.reaper.watch();
  }

  workerExited(worker: PoolWorker, exit: ThreadExit): void {
    const { state, log, output, ledger, workers, profiling, recorder, recovery, recycling, control } = this.#deps;
    profiling.workerExited(worker);
    recorder.workerExited(worker, exit);
    worker.drain(Number.POSITIVE_INFINITY);
    log.workerExited(worker, exit);
    this.#emitExit(worker, exit);
    output.workerExited(worker); // before its jobs are settled
    recycling.workerExited(worker);
    const hadStarted = recovery.workerExited(worker, exit);
    if (workers.all.length === 0 && ledger.unsettled === 0) control.detach();
    if (hadStarted && state.phase === 'open') workers.refill();
  }

  #emitExit({ workerId, jobsRun, startedAtMs, readyAtMs }: PoolWorker, { exitCode, reason, cause }: ThreadExit): void {
    const { events, metrics } = this.#deps;
    metrics.workerExited(reason);
    events.emit('workerExited', {
      workerId,
      exitCode,
      reason,
      error: cause,
      jobs: jobsRun,
      startedAt: toEpoch(startedAtMs),
      readyAt: readyAtMs === 0 ? undefined : toEpoch(readyAtMs),
    });
  }

  startFailed(cause: unknown): void {
    const startFault = 'no thread could be created';
    this.#deps.failedStarts.add({ exitCode: 1, reason: 'failed to start', cause, startFault }, now());
  }

  ownTokenCancelled(job: Job, reason: unknown): void {
    raiseToken(job, reason);
  }

  childSubmitted(worker: PoolWorker, parent: Job, child: ChildSubmission): void {
    this.#deps.childIntake.submit(worker, parent, child);
  }

  workerBlocked(worker: PoolWorker, job: Job | undefined): void {
    if (job !== undefined) learnBlock(taskOf(job));
    this.#deps.balance.recall(worker);
  }

  parentSuspended(worker: PoolWorker, parent: Job): void {
    this.#deps.childJobs.suspend(worker, parent);
    this.#deps.pacer.pump();
  }

  childCancelled(worker: PoolWorker, child: number, reason: unknown): void {
    this.#deps.childIntake.cancel(worker, child, reason);
  }

  functionCalled(worker: PoolWorker, _job: Job, call: FunctionCall): void {
    this.#deps.functions.call(worker, call);
  }

  heapFull(worker: PoolWorker): void {
    this.#deps.recycling.replace(worker);
  }

  collected(worker: PoolWorker, collections: readonly Collection[], done?: CollectionStep): void {
    this.#deps.recorder.collected(worker, collections, done);
  }

  messageRead(job: Job): void {
    mailRead(job);
  }

  sharedCancelled(by: Job | undefined, spread: () => void): void {
    this.#deps.control.shielding(by, spread);
  }

  lateError(error: Error, jobId: number | string | undefined): void {
    this.#deps.log.lateError(error, { jobId });
  }

  printed(worker: PoolWorker, printed: readonly Printed[]): void {
    this.#deps.output.printed(worker, printed);
  }
}
