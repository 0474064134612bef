import { randomBytes } from 'node:crypto';
import type { FlowProducer, Queue } from 'bullmq';
import { now } from '../../base/clock.js';
import { ListenerQueue } from '../../base/listener-queue.js';
import { settlesWithin } from '../../base/timer.js';
import { JobStreams } from '../../compose/job-stream.js';
import { Ledger } from '../../core/ledger.js';
import { DeferredJobs } from '../../core/lifecycle/deferred-jobs.js';
import { TimeLimits } from '../../core/lifecycle/time-limits.js';
import { PoolLog } from '../../core/log.js';
import { closedError, PoolState } from '../../core/pool-state.js';
import { UnobservedFailures } from '../../core/unobserved-failures.js';
import type { Job } from '../../jobs/job.js';
import type { JobPool } from '../../jobs/job-access.js';
import { PoolRef } from '../../jobs/job-kind.js';
import { MetricsRecorder } from '../../metrics/recorder.js';
import { JobIds } from '../codec/job-id.js';
import { ClusterGraphs } from '../compose/cluster-graphs.js';
import { ClusterMaps } from '../compose/cluster-maps.js';
import { ClusterSchedules } from '../compose/cluster-schedules.js';
import { DetachedError } from '../errors.js';
import { Connections } from '../redis/connections.js';
import { KnownHosts } from '../redis/known-hosts.js';
import { Patience } from '../redis/patience.js';
import { loadPeers } from '../redis/peers.js';
import { repeatStrategy } from '../redis/repeat-strategy.js';
import { addScripts } from '../redis/scripts.js';
import { ServerWatch } from '../redis/server-watch.js';
import { Adder } from './adder.js';
import { AttachedJobs } from './attached-jobs.js';
import { Batcher } from './batcher.js';
import { ClusterControl } from './cluster-control.js';
import { createEvents } from './cluster-events.js';
import { ClusterIntake } from './cluster-intake.js';
import { MetricsReader } from './cluster-metrics.js';
import type { ClusterPoolSettings } from './cluster-pool-options.js';
import { ClusterShutdown } from './cluster-shutdown.js';
import { JobTable } from './job-table.js';
import { NoticeReader } from './notice-reader.js';
import { QueueLimit } from './queue-limit.js';
import { RemoteOutcomes } from './remote-outcomes.js';
import { RunTimes } from './run-times.js';
import type { Books } from './submission.js';
import { Sweeper } from './sweeper.js';

/** How many entries BullMQ keeps of its own events, which are not used here. */
const MAX_EVENTS = 100;

/** Longest wait for Redis to answer as the pool closes, in ms. */
const CLOSED_MS = 5_000;

/** The parts of a `ClusterPool` that its public face calls. */
export type ClusterEngine = ReturnType<typeof createClusterEngine>;

/**
 * Makes the parts of a pool. Each is given those made before it. Those that report to later ones are connected to them at the
 * end, before the first connection is up and the first job is submitted.
 *
 * @param pool what users have of it.
 */
export function createClusterEngine(pool: object, settings: ClusterPoolSettings) {
  const { keys } = settings;
  const peers = loadPeers('create cluster pool');
  const submitter = randomBytes(8).toString('hex').replace(/^\d/, 'a');
  const state = new PoolState();

  // what is reported
  const listenerQueue = new ListenerQueue();
  const { hub, events } = createEvents(listenerQueue);
  const log = new PoolLog(settings, listenerQueue, hub);

  // Redis
  const connections = new Connections(settings.connection, peers);
  const redis = addScripts(connections.open());
  const blocking = connections.open();
  const connection = connections.open();
  const queue = new peers.bullmq.Queue(keys.queue, {
    connection,
    prefix: keys.prefix,
    streams: { events: { maxLen: MAX_EVENTS } },
    settings: { repeatStrategy },
  });
  queue.on('error', () => {}); // the connections report
  const flowProducer = (): FlowProducer => {
    const producer = new peers.bullmq.FlowProducer({ connection, prefix: keys.prefix });
    producer.on('error', () => {});
    return producer;
  };

  // counts
  const metrics = new MetricsRecorder(now(), []);
  const unobserved = new UnobservedFailures(hub, log);
  const watchFailure = (job: Job, error: unknown): void => {
    if (!(error instanceof DetachedError)) unobserved.watch(job, error); // it did not fail
  };
  const poolRef = new PoolRef<JobPool>();
  const ledger = new Ledger({ poolRef, metrics, events: hub, unobserved: { watch: watchFailure }, aging: undefined });
  const table = new JobTable();

  const books: Books = { ledger, metrics, events };
  const foreign = foreignBooks(poolRef, listenerQueue);

  // what goes to Redis
  const hosts = new KnownHosts(redis, keys, (message) => log.warn(message));
  const server = new ServerWatch({ redis, connections, hosts, warn: (message) => log.warn(message) });
  const runTimes = new RunTimes();
  const outcomes = new RemoteOutcomes({ table, listenerQueue, runTimes });
  const ids = new JobIds(submitter);
  const batcher = new Batcher({
    ...{ table, ids, settings: settings.batch },
    places: () => hosts.places,
    estimateMs: (task) => runTimes.of(task),
    failed: (submission, error) => outcomes.failed(submission, error),
  });
  const adder = new Adder({
    ...{ queue, flowProducer, redis, keys, batcher, settings },
    spec: () => ({ ...settings, submitter, clockOffsetMs: server.clockOffsetMs }),
    refusal: () => server.refusal,
    lastError: () => connections.lastError,
    failed: (submission, error) => outcomes.failed(submission, error),
  });

  // the life of a job
  const limits = new TimeLimits();
  const release = (job: Job): void => {
    const submission = table.of(job);
    if (submission !== undefined) adder.add(submission);
  };
  const deferred = new DeferredJobs(ledger, { enqueueBefore: release });
  const sweeper = new Sweeper({ redis, keys, table, adder, outcomes, settings });
  const control = new ClusterControl({
    ...{ redis, keys, table, deferred, adder },
    remove: (id) => queue.remove(id),
    lookUp: (submission) => sweeper.lookUp([submission]),
  });
  const queueLimit = new QueueLimit(settings.maxQueue, {
    ...{ books, events, table, log },
    count: async () => (connections.isConnected ? await waitingJobs(queue).catch(() => undefined) : undefined),
  });
  const intake = new ClusterIntake({ pool, state, ids, table, books, queueLimit, control, deferred, limits, adder });
  const attached = new AttachedJobs({ redis, keys, table, control, sweeper, books: foreign });

  // features built on submission
  const streams = new JobStreams(hub, (message) => log.fault(message, { type: 'ThreadSystemWarning' }));
  const graphs = new ClusterGraphs({ intake, settings });
  const maps = new ClusterMaps({ log, intake, books, places: () => hosts.places });
  const schedules = new ClusterSchedules({ queue, settings, attached, clockOffsetMs: () => server.clockOffsetMs });
  const noticeReader = new NoticeReader({
    ...{ blocking, redis, key: keys.results(submitter) },
    ttlSeconds: 2 * settings.keepResults,
    handle: (notice) => outcomes.handle(notice),
  });
  const metricsReader = new MetricsReader({ name: settings.name, queue, redis, keys, hosts, table, deferred, metrics });

  const patience = new Patience(settings.connectTimeoutMs, () => connections.lastError);

  const close = async (): Promise<void> => {
    server.stop();
    sweeper.stop();
    noticeReader.stop();
    schedules.close();
    const removed = connections.isConnected ? redis.del(keys.results(submitter)) : undefined;
    const closed = Promise.allSettled([removed]).then(() => queue.close());
    await settlesWithin(closed, CLOSED_MS).catch(() => {});
    connections.close();
  };
  const shutdown = new ClusterShutdown({
    ...{ state, ledger, table, outcomes, control, log, connections, close },
    connectTimeoutMs: settings.connectTimeoutMs,
    onBegun: () => {
      queueLimit.close();
      maps.close(closedError('finish the map'));
    },
    onEnded: () => streams.close(),
  });

  // connections: what a part reports to those made after it
  poolRef.pool = control;
  limits.reportTo({ stop: (job, cause) => control.stopLocal(job, cause) });
  outcomes.reportTo((submission) => void sweeper.lookUp([submission]).catch(() => {}));
  adder.reportTo((submission, id) => {
    submission.join(id);
    sweeper.watch(submission);
    void control.raise(submission).catch(() => {});
  });
  connections.reportTo({
    onConnected: () => {
      events.emit('connected', undefined);
      void server.examine();
      void sweeper.sweepAll();
    },
    onDisconnected: (error) => events.emit('disconnected', { error }),
  });

  return {
    state,
    submitter,
    hub,
    events,
    log,
    metrics,
    ledger,
    table,
    control,
    intake,
    attached,
    queueLimit,
    streams,
    graphs,
    maps,
    schedules,
    metricsReader,
    patience,
    queue,
    connections,
    shutdown,
    sweeper,
    redis,
  };
}

/** Returns how many jobs wait in Redis for their turn. */
async function waitingJobs(queue: Queue): Promise<number> {
  const counts = await queue.getJobCounts('wait', 'prioritized', 'delayed', 'waiting-children');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * Returns books for jobs of other submitters: they are settled like any other, but no listener is notified and no metric counts
 * them.
 */
function foreignBooks(poolRef: PoolRef<JobPool>, listenerQueue: ListenerQueue): Books {
  const { hub, events } = createEvents(listenerQueue);
  const metrics = new MetricsRecorder(now(), []);
  const ledger = new Ledger({ poolRef, metrics, events: hub, unobserved: { watch: () => {} }, aging: undefined });
  return { ledger, metrics, events };
}
