import { availableParallelism } from 'node:os';
import { now } from '../base/clock.js';
import { ListenerQueue } from '../base/listener-queue.js';
import type { JobGroup } from '../compose/job-group.js';
import { JobStreams } from '../compose/job-stream.js';
import { Schedules } from '../compose/schedule/schedules.js';
import { WORKER_EXIT_REASONS } from '../contract/worker-end.js';
import { MainParking } from '../host/main-parking.js';
import type { Job } from '../jobs/job.js';
import type { JobPool } from '../jobs/job-access.js';
import { PoolRef } from '../jobs/job-kind.js';
import { MetricsRecorder } from '../metrics/recorder.js';
import { PoolChannels } from './channels.js';
import { Aging } from './dispatch/aging.js';
import { Backlog } from './dispatch/backlog.js';
import { Balance } from './dispatch/balance.js';
import { DirectDispatch } from './dispatch/direct-dispatch.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { JobQueue } from './dispatch/job-queue.js';
import { Pacer } from './dispatch/pacer.js';
import { Reserve } from './dispatch/reserve.js';
import { StarvationWatch } from './dispatch/starvation-watch.js';
import { WorkerChoice } from './dispatch/worker-choice.js';
import { EventHub } from './events.js';
import { Functions } from './functions.js';
import { Broadcasts } from './hooks/broadcasts.js';
import { WorkerHooks } from './hooks/worker-hooks.js';
import { Ledger } from './ledger.js';
import { Admission } from './lifecycle/admission.js';
import { ChildIntake } from './lifecycle/child-intake.js';
import { ChildJobs } from './lifecycle/child-jobs.js';
import { DeferredJobs } from './lifecycle/deferred-jobs.js';
import { FailedStarts } from './lifecycle/failed-starts.js';
import { Intake } from './lifecycle/intake.js';
import { JobControl } from './lifecycle/job-control.js';
import { Outcomes } from './lifecycle/outcomes.js';
import { Retries } from './lifecycle/retries.js';
import { Settling } from './lifecycle/settling.js';
import { TimeLimits } from './lifecycle/time-limits.js';
import { WorkerRecovery } from './lifecycle/worker-recovery.js';
import { PoolLog } from './log.js';
import type { PoolSettings } from './options/options.js';
import { poolMaps } from './pool-maps.js';
import { closedError, PoolState } from './pool-state.js';
import { Profiling } from './profile/profiling.js';
import { Running } from './running.js';
import { Shutdown } from './shutdown.js';
import { TraceRecorder } from './trace/trace-recorder.js';
import { Tracing } from './trace/tracing.js';
import { UnobservedFailures } from './unobserved-failures.js';
import { WorkerReports } from './worker-reports.js';
import { IdleReaper } from './workers/idle-reaper.js';
import { Recycling } from './workers/recycling.js';
import { Spares } from './workers/spares.js';
import { StartBackoff } from './workers/start-backoff.js';
import { WarmUp } from './workers/warm-up.js';
import { WorkerOutput } from './workers/worker-output.js';
import { WorkerSet } from './workers/worker-set.js';

/** How many threads can run at once. Read once, as it is a system call. */
const PROCESSORS = availableParallelism();

/** The parts of a pool that its public face calls. */
export type Engine = ReturnType<typeof createEngine>;

/**
 * Makes the parts of `pool`. Each is given those made before it. Those that report to later ones are connected to
 * them at the end, before the first worker is started and the first job is submitted.
 */
export function createEngine(pool: object, settings: PoolSettings) {
  const state = new PoolState();

  // what is reported
  const listenerQueue = new ListenerQueue();
  const events = new EventHub(listenerQueue);
  const log = new PoolLog(settings, listenerQueue, events);
  const output = new WorkerOutput(listenerQueue, settings.thread);

  // counts
  const metrics = new MetricsRecorder(now(), WORKER_EXIT_REASONS);
  const aging = settings.aging === undefined ? undefined : new Aging(settings.aging);
  const unobserved = new UnobservedFailures(events, log);
  const poolRef = new PoolRef<JobPool>();
  const ledger = new Ledger({ poolRef, metrics, events, unobserved, aging });

  // workers
  const parking = new MainParking();
  const recorder = new TraceRecorder(events, settings.kind);
  const workerHooks = new WorkerHooks(settings, { log, recorder });
  const profiling = new Profiling(settings.kind);
  const functions = new Functions(settings.functions);
  const workers = new WorkerSet(settings, parking, { workerHooks, functions });
  const channels = new PoolChannels({ pool, events, listenerQueue, workers });
  const spares = new Spares(workers);
  const reaper = new IdleReaper(settings, workers);
  const backoff = new StartBackoff();

  // dispatch
  const queue = new JobQueue<Job>();
  const reserve = Reserve.of(settings.reserved, workers);
  const choice = new WorkerChoice(workers, reserve, PROCESSORS);
  const balance = new Balance({ queue, workers, reserve, choice });
  const dispatcher = new Dispatcher({ queue, ledger, workers, reserve, choice, balance });
  const backlog = new Backlog({ queue, workers, reserve, choice, dispatcher });
  const direct = new DirectDispatch({ dispatcher, choice, balance, workers, reserve });
  const pacer = new Pacer({ ledger, dispatcher, backlog, balance, direct, workers, reaper, parking });
  const starvation = new StarvationWatch(settings.aging?.starvationMs, { dispatcher, events, ledger });

  // the life of a job
  const limits = new TimeLimits();
  const deferred = new DeferredJobs(ledger, pacer);
  const childJobs = new ChildJobs();
  const retries = new Retries({ state, deferred, metrics, events });
  const settling = new Settling({ ledger, retries, childJobs });
  const warmUp = new WarmUp({ state, ledger, workers });
  const failedStarts = new FailedStarts(settings.thread.env, {
    backoff,
    workers,
    dispatcher,
    pacer,
    ledger,
    log,
    warmUp,
  });
  const recovery = new WorkerRecovery(settings.graceMs, {
    ...{ balance, dispatcher, pacer, workers, spares, backoff, failedStarts, log },
    ...{ limits, settling, childJobs, metrics },
  });
  const { grace } = recovery;
  const recycling = new Recycling(settings.recycle, { state, ledger, workers, balance, pacer });
  const control = new JobControl({
    ...{ poolRef, ledger, metrics, dispatcher, backlog, pacer, grace },
    ...{ deferred, limits, childJobs, channels, recorder },
  });
  const outcomes = new Outcomes({
    ...{ ledger, metrics, events, listenerQueue },
    ...{ grace, limits, settling, childJobs },
  });
  const admission = new Admission(settings, {
    ...{ ledger, metrics, channels, dispatcher, backlog, balance, events, workers, reserve, log },
  });
  const intake = new Intake(settings, {
    ...{ state, ledger, admission, deferred, limits },
    ...{ pacer, channels, dispatcher },
  });
  const childIntake = new ChildIntake({ state, intake, childJobs });

  const running = new Running(settings.reserved, {
    ...{ state, dispatcher, pacer, balance },
    starvation,
    admission,
    workers,
  });

  // hooks
  const broadcasts = new Broadcasts({ state, ledger, balance, pacer, workers, workerHooks, recorder });

  // features built on submission
  const streams = new JobStreams(events, (message) => log.fault(message, { type: 'ThreadSystemWarning' }));
  const maps = poolMaps({ workers, log, intake, metrics, events, context: settings.context });
  const groups = new Set<JobGroup>(); // those with unsettled jobs
  const schedules = new Schedules({
    submit: (job) => intake.submit(job),
    isOpen: () => state.phase === 'open',
    context: settings.context,
  });

  const tracing = new Tracing(settings.name, { recorder, workers, pacer, control, listenerQueue });

  const shutdown = new Shutdown({
    state,
    ledger,
    dispatcher,
    pacer,
    starvation,
    control,
    workers,
    reaper,
    log,
    profiling,
    channels,
    closers: [
      () => admission.close(),
      () => warmUp.close(),
      () => recycling.close(),
      () => schedules.cancelAll(),
      () => maps.close(closedError('finish the map')),
    ],
  });

  const reports = new WorkerReports({
    ...{ events, log, metrics, output, profiling, recorder, ledger, functions },
    ...{ workers, reaper, backoff, failedStarts, recovery, recycling, warmUp },
    ...{ pool, state, balance, pacer, control, childJobs, childIntake },
  });

  // connections: what a part reports to those made after it
  events.findObserversBy(channels.findSubscribers);
  ledger.reportTo({
    onBusy: () => {
      control.attach();
      starvation.watch();
    },
    onBatch: channels.findSubscribers,
    onSettled: admission.isBounded ? () => admission.notifyIfRoom() : undefined,
  });
  limits.reportTo(control);
  workers.reportTo(reports, outcomes);
  if (settings.recycle !== undefined) pacer.reportTo(() => recycling.check());
  if (log.isOpen) starvation.begin();

  return {
    name: settings.name,
    state,
    events,
    log,
    metrics,
    ledger,
    workers,
    reaper,
    profiling,
    tracing,
    balance,
    dispatcher,
    backlog,
    pacer,
    starvation,
    deferred,
    childJobs,
    control,
    admission,
    intake,
    broadcasts,
    streams,
    maps,
    groups,
    schedules,
    recycling,
    running,
    warmUp,
    shutdown,
  };
}
