import type { Worker } from 'bullmq';
import { all, race } from '../../base/promises.js';
import { type StopTimer, settlesWithin, startTimer } from '../../base/timer.js';
import type { Connections } from '../redis/connections.js';
import type { ClusterHostSettings } from './cluster-host-options.js';
import type { HostReport } from './host-report.js';
import type { HostRunner } from './host-runner.js';
import type { NoticeWriter } from './notice-writer.js';

/**
 * Longest wait for connections that are down, in ms. Jobs that cannot be given back by then are found by their expired locks.
 */
const RECONNECTED_MS = 5_000;
/** Longest wait for jobs to be given back, in ms, in case Redis goes away meanwhile. */
const GIVEN_BACK_MS = 10_000;

export interface DepartureDeps {
  readonly settings: ClusterHostSettings;
  readonly worker: Worker;
  readonly runner: HostRunner;
  readonly connections: Connections;
  readonly notices: NoticeWriter;
  readonly report: HostReport;
  readonly stopTimers: () => void;
  readonly onLeft: () => void;
}

/** How a host leaves its queue: within a time that later calls can only shorten. */
export class Departure {
  readonly #deps: DepartureDeps;
  readonly #stopTimers: StopTimer[] = [];
  #endTime: () => void = () => {};
  /** Resolves when the time for running jobs is over. */
  readonly #isTimeOver = new Promise<void>((resolve) => {
    this.#endTime = resolve;
  });
  #left: Promise<void> | undefined;

  constructor(deps: DepartureDeps) {
    this.#deps = deps;
  }

  get hasBegun(): boolean {
    return this.#left !== undefined;
  }

  /**
   * Begins to leave, or shortens the time for it. Each call returns the same promise.
   *
   * @param timeoutMs how long running jobs may go on; and how long Redis is waited for, if it is away, but for 5 s at most.
   */
  begin(timeoutMs: number): Promise<void> {
    this.#stopTimers.push(startTimer(timeoutMs, this.#endTime, { keepsProcess: true }));
    this.#left ??= this.#leave().finally(() => {
      for (const stop of this.#stopTimers) stop();
    });
    return this.#left;
  }

  async #leave(): Promise<void> {
    const { settings, worker, runner, connections, stopTimers, onLeft } = this.#deps;
    await worker.pause(true);
    await race(runner.whenEmpty(), this.#isTimeOver);
    runner.leave();
    if (await this.#isUp()) await settlesWithin(this.#giveBack(), GIVEN_BACK_MS);
    else void worker.close(true).catch(() => {}); // ends once the connections are closed, if at all
    stopTimers();
    if (settings.ownsPool) await settings.pool.shutdown({ mode: 'abort' });
    connections.close();
    onLeft();
  }

  /** Resolves once all fetched jobs are given back, and submitters know which of theirs have ended. */
  async #giveBack(): Promise<void> {
    const { worker, connections, notices, report } = this.#deps;
    await worker.close();
    if (connections.isConnected) await all([notices.flush(), report.stop().catch(() => {})]);
  }

  /** Waits for Redis, if there is time. Without it nothing can be given back, and BullMQ does not close. */
  async #isUp(): Promise<boolean> {
    const { connections } = this.#deps;
    if (!connections.isUp) await settlesWithin(race(connections.up(), this.#isTimeOver), RECONNECTED_MS);
    return connections.isUp;
  }
}
