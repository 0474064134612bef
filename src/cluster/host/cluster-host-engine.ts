import type { Worker } from 'bullmq';
import { clearInterval, now, setInterval } from '../../base/clock.js';
import { ListenerQueue } from '../../base/listener-queue.js';
import { EVENT_NAMES, EventHub } from '../../core/events.js';
import { memberId } from '../codec/job-id.js';
import { causeOf, readMemberMarks, SPLIT } from '../codec/marks.js';
import { ClusterUnavailableError } from '../errors.js';
import { Connections } from '../redis/connections.js';
import { KnownHosts } from '../redis/known-hosts.js';
import { refusedAs } from '../redis/patience.js';
import { loadPeers } from '../redis/peers.js';
import { repeatStrategy } from '../redis/repeat-strategy.js';
import { addScripts } from '../redis/scripts.js';
import { examine } from '../redis/startup-checks.js';
import type { BatchMember } from './batch-member.js';
import type { ClusterHostSettings } from './cluster-host-options.js';
import { Departure } from './departure.js';
import { Fence } from './fence.js';
import { GiveBack } from './give-back.js';
import { HostReport } from './host-report.js';
import type { HostRun } from './host-run.js';
import { HostRunner } from './host-runner.js';
import { NoticeWriter } from './notice-writer.js';
import { RequestChannel } from './request-channel.js';
import { backoffStrategy } from './retry-delay.js';
import { SettlementReports } from './settlement-reports.js';

/** How long a job must have run before it is reported as running, in ms. */
const ANNOUNCED_MS = 20;
/** How often an idle host checks the queue at least, in seconds. */
const IDLE_SECONDS = 5;

/** What listeners of a host's events receive, besides those of its pool. */
export interface HostEvents {
  /** All connections to Redis are up, for the first time or again. */
  connected: undefined;
  /** A connection to Redis is down. */
  disconnected: {
    /** What the connection ended with. */
    readonly error: Error | undefined;
  };
  /** The host has stopped a job whose lock it could not renew: another host may run it by now. */
  fenced: {
    /** Id of the job. */
    readonly id: string;
    /** Its name. */
    readonly name: string;
  };
  /** The host has taken over a job whose host has died. */
  jobRecovered: {
    /** Id of the job. */
    readonly id: string;
    /** Its name. */
    readonly name: string;
  };
  /** The host has left the queue. */
  drained: undefined;
}

const NAMES = ['connected', 'disconnected', 'fenced', 'jobRecovered', 'drained'] as const;
/** The events of the host itself; all others are those of its pool. */
export const HOST_EVENT_NAMES: readonly string[] = NAMES;

/** The parts of a `ClusterHost` that its public face calls. */
export type ClusterHostEngine = ReturnType<typeof createClusterHostEngine>;

/**
 * Makes the parts of a host. Each is given those made before it. The channel, which reports to later ones, is connected to them
 * before it is subscribed to.
 */
export function createClusterHostEngine(settings: ClusterHostSettings) {
  const { keys, id: hostId } = settings;
  const peers = loadPeers('create cluster host');
  const counts = { fetched: 0, crashesRecovered: 0, lockFailures: 0 };

  const listenerQueue = new ListenerQueue();
  const hub = new EventHub(listenerQueue, [...EVENT_NAMES, ...NAMES]);
  const emit = <E extends keyof HostEvents>(event: E, detail: HostEvents[E]): void =>
    (hub as unknown as { emit(name: E, given: HostEvents[E]): void }).emit(event, detail);

  // Redis
  let clockOffsetMs = 0;
  const connections = new Connections(settings.connection, peers);
  connections.reportTo({
    onConnected: () => emit('connected', undefined),
    onDisconnected: (error) => emit('disconnected', { error }),
  });
  const redis = addScripts(connections.open());
  const notices = new NoticeWriter(redis, keys);
  const giveBack = new GiveBack(peers, redis, keys);

  const report = new HostReport({ redis, keys, settings, recovered: () => counts.crashesRecovered });
  const channel = new RequestChannel(connections.open(), keys.requests);

  const runner = new HostRunner({
    ...{ settings, peers, redis, keys, notices, giveBack },
    takeKept: (id) => channel.takeKept(id),
    clockOffsetMs: () => clockOffsetMs,
    onSettled: (task, outcome) => report.count(task, outcome),
    onRecovered: (run) => {
      counts.crashesRecovered++;
      emit('jobRecovered', { id: run.id, name: run.bull.name });
    },
  });
  const fence = new Fence(runner.runs, settings.lockMs, (run) => {
    counts.lockFailures++;
    runner.fence(run);
    emit('fenced', { id: run.id, name: run.bull.name });
  });

  const worker: Worker = new peers.bullmq.Worker(keys.queue, runner.process, {
    connection: redis,
    prefix: keys.prefix,
    autorun: false,
    name: hostId,
    concurrency: settings.window,
    lockDuration: settings.lockMs,
    stalledInterval: settings.stalledMs,
    maxStalledCount: settings.maxCrashes,
    drainDelay: IDLE_SECONDS,
    runRetryDelay: 500,
    settings: { backoffStrategy, repeatStrategy },
  });
  worker.on('error', () => {}); // the connections report; what concerns a job is reported to its submitter
  worker.on('active', () => counts.fetched++);
  fence.watch(worker);
  new SettlementReports({ runner, notices, report, hostId }).watch(worker);

  /** Reads the marks of all jobs that run: requests that were published while the subscription was interrupted. */
  const readMarks = async (): Promise<void> => {
    const ids = [...runner.runs.keys()];
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hmget(keys.job(id), 'defa', 'cx');
    const replies = ids.length === 0 ? [] : ((await pipeline.exec()) ?? []);
    for (const [index, id] of ids.entries()) {
      const [mark, ofMembers] = (replies[index]?.[1] ?? []) as (string | null)[];
      if (mark != null && causeOf(mark, '') !== undefined) runner.request({ kind: 'cancel', id, mark });
      for (const [member, own] of readMemberMarks(ofMembers))
        if (own !== SPLIT) runner.request({ kind: 'cancel', id: memberId(id, member), mark: own });
    }
  };

  channel.reportTo({
    handle: (request) => runner.request(request),
    onResubscribed: () => void readMarks().catch(() => {}),
  });

  /** Notifies submitters of jobs that have run for a while. */
  const announce = (): void => {
    for (const run of runner.runs.values()) {
      const submitter = run.data?.s;
      if (submitter === undefined) continue;
      for (const call of run.batch?.members ?? [run]) {
        if (call.isAnnounced || !hasRunFor(call, ANNOUNCED_MS)) continue;
        call.isAnnounced = true;
        const [attempt, queuedMs, , workerId] = run.info(hostId, call.local);
        notices.write(submitter, ['begun', call.id, [attempt, queuedMs, ANNOUNCED_MS, workerId, hostId]]);
      }
    }
  };
  const announceTimer = setInterval(announce, ANNOUNCED_MS).unref();

  const warn = (message: string): void => void settings.logger?.warn(`${hostId}: ${message}`);

  /** Subscribes to the channel before the first job is fetched, so that no request is missed. */
  const start = async (): Promise<void> => {
    await channel.subscribe().catch(refusedAs('start cluster host'));
    const findings = await examine(redis);
    if (findings.refusal !== undefined) throw new ClusterUnavailableError(findings.refusal);
    ({ clockOffsetMs } = findings);
    for (const warning of findings.warnings) warn(warning);
    await new KnownHosts(redis, keys, warn).refresh().catch(() => {});
    await report.start();
    void worker.run().catch(() => {});
  };

  const departure = new Departure({
    ...{ settings, worker, runner, connections, notices, report },
    stopTimers: () => {
      fence.stop();
      clearInterval(announceTimer);
    },
    onLeft: () => emit('drained', undefined),
  });

  return { hub, counts, connections, giveBack, runner, start, departure };
}

/** Whether the code of a run has run for `ms`, as exactly as the interval between calls allows. */
function hasRunFor(run: HostRun | BatchMember, ms: number): boolean {
  if (run.local?.state !== 'RUNNING') return false;
  run.seenRunningAtMs ??= now();
  return now() - run.seenRunningAtMs >= ms;
}
