import { optionNames, readOptions } from '../../base/check/options.js';
import { checkMs, checkOneOf } from '../../base/check/values.js';
import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import type { Ledger } from '../../core/ledger.js';
import type { PoolLog } from '../../core/log.js';
import {
  type SettledCounts,
  SHUTDOWN_MODES,
  type ShutdownMode,
  type ShutdownSettings,
} from '../../core/options/shutdown-options.js';
import type { PoolState } from '../../core/pool-state.js';
import { holdForShutdown } from '../../core/shutdown-all.js';
import { ClusterUnavailableError, DetachedError } from '../errors.js';
import type { Connections } from '../redis/connections.js';
import type { ClusterControl } from './cluster-control.js';
import type { JobTable } from './job-table.js';
import type { RemoteOutcomes } from './remote-outcomes.js';
import type { Submission } from './submission.js';

const REASON = 'the pool was shut down';
/** The modes of a shutdown: those of a local pool, and one that leaves the jobs to the hosts. */
const MODES = [...SHUTDOWN_MODES, 'detach'] as const;

/** How a submitter ends. */
export interface ClusterShutdownOptions {
  /** What happens to unsettled jobs of this pool: see `ClusterPool.shutdown`. Default: `'drain'`. */
  readonly mode?: ShutdownMode | 'detach' | undefined;
  /** Time in milliseconds after which all remaining jobs are cancelled, as in mode `'abort'`. Default: never. */
  readonly timeoutMs?: number | undefined;
}

const NAMES = optionNames<ClusterShutdownOptions>({ mode: true, timeoutMs: true });

export interface ClusterShutdownDeps {
  readonly state: PoolState;
  readonly ledger: Ledger;
  readonly table: JobTable;
  readonly outcomes: RemoteOutcomes;
  readonly control: ClusterControl;
  readonly log: PoolLog;
  readonly connections: Connections;
  readonly connectTimeoutMs: number;
  /** Closes what the pool has open. */
  readonly close: () => Promise<void>;
  readonly onBegun: () => void;
  readonly onEnded: () => void;
}

/** Ends a pool, in a mode that only gets stricter (I5). It never touches jobs of other submitters. */
export class ClusterShutdown {
  readonly #deps: ClusterShutdownDeps;
  #ended: Promise<SettledCounts> | undefined;
  readonly #stopTimers: StopTimer[] = [];
  readonly #unregister: () => void;

  constructor(deps: ClusterShutdownDeps) {
    this.#deps = deps;
    this.#unregister = holdForShutdown({ shutdown: (settings) => this.#endWithProcess(settings) });
  }

  /** For `shutdownAll`: when its time is over, jobs are left to the hosts, as they outlive this process. */
  #endWithProcess({ mode, timeoutMs }: ShutdownSettings): Promise<SettledCounts> {
    const ended = this.begin({ mode });
    const detach = (): void => void this.begin({ mode: 'detach' });
    this.#stopTimers.push(startTimer(timeoutMs, detach, { keepsProcess: false }));
    return ended;
  }

  /** Begins the shutdown, or makes it stricter. Each call returns the same promise. */
  begin(options: ClusterShutdownOptions | undefined): Promise<SettledCounts> {
    const action = 'shut down cluster pool';
    const given = readOptions(options, NAMES, action);
    const mode = checkOneOf(given.mode ?? 'drain', MODES, 'mode', action);
    const timeoutMs = checkMs(given.timeoutMs ?? Number.POSITIVE_INFINITY, 'timeoutMs', action);
    const { state, log, ledger } = this.#deps;
    const isFirst = this.#ended === undefined;
    if (isFirst) log.shutdownBegins(mode, ledger.unsettled);
    this.#ended ??= this.#end();
    if (mode === 'detach') this.#detach();
    else this.#tighten(mode);
    if (timeoutMs !== Number.POSITIVE_INFINITY && state.phase !== 'abort' && state.phase !== 'closed')
      this.#stopTimers.push(startTimer(timeoutMs, () => this.#tighten('abort'), { keepsProcess: false }));
    if (isFirst) this.#deps.onBegun();
    return this.#ended;
  }

  async #end(): Promise<SettledCounts> {
    const { state, ledger, log, close } = this.#deps;
    const before = ledger.counts();
    ledger.ref();
    await Promise.resolve(); // the mode takes effect first
    await ledger.waitAll(Number.POSITIVE_INFINITY);
    for (const stop of this.#stopTimers) stop();
    this.#leave(this.#deps.table.attached, 'the pool that has found it was shut down');
    await close();
    state.close();
    ledger.end();
    const counts = ledger.countsSince(before);
    log.shutdownEnds(counts);
    this.#unregister();
    this.#deps.onEnded();
    return counts;
  }

  #tighten(mode: ShutdownMode): void {
    const { state, table, control } = this.#deps;
    if (state.shutDown(mode) === 'unchanged' || mode === 'drain') return;
    if (mode === 'abort') this.#giveUpWithoutRedis();
    for (const submission of table.all)
      if (mode === 'abort') void control.cancel(submission, REASON);
      else if (submission.job.state === 'PENDING') void control.cancelWaiting(submission, REASON);
  }

  /** Without Redis no cancel is ever decided: after `connectTimeoutMs`, jobs settle FAILED. */
  #giveUpWithoutRedis(): void {
    const { connections, connectTimeoutMs } = this.#deps;
    const begunAtMs = now();
    let stopTimer: StopTimer = () => {};
    const check = (): void => {
      stopTimer();
      if (connections.isConnected) return;
      const leftMs = connectTimeoutMs - Math.min(connections.awayMs, now() - begunAtMs);
      if (leftMs > 0) stopTimer = startTimer(leftMs, check, { keepsProcess: false });
      else this.#failUncancelled();
    };
    this.#stopTimers.push(connections.onChange(check), () => stopTimer());
    check();
  }

  #failUncancelled(): void {
    const { connections, connectTimeoutMs, table, outcomes } = this.#deps;
    for (const submission of table.all) {
      const { id, job } = submission;
      const message = `Cannot cancel job '${job.name}' (id ${id}): Redis did not answer within ${connectTimeoutMs} ms; a host may run it`;
      outcomes.givenUp(submission, new ClusterUnavailableError(message, { cause: connections.lastError }));
    }
  }

  /** Leaves the jobs to the hosts: here they settle FAILED, although they have not failed. */
  #detach(): void {
    const { state, table } = this.#deps;
    state.shutDown('abort');
    this.#leave(table.all, "the pool was shut down in mode 'detach'");
  }

  #leave(submissions: readonly Submission[], why: string): void {
    for (const submission of submissions) {
      const { id, job } = submission;
      const message = `Job '${job.name}' (id ${id}) goes on without this process: ${why}`;
      this.#deps.outcomes.givenUp(submission, new DetachedError(message));
    }
  }
}
