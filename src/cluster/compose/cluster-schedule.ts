import { inspect } from 'node:util';
import { type Inspecting, shown } from '../../base/inspect.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import { stays } from '../../sync/sharing/crossing.js';
import type { ClusterJob } from '../pool/cluster-job.js';

/** How long after a run is due Redis is asked whether it has begun, in ms; and how often it is asked again, until it has. */
const CHECK_AFTER_MS = 100;
const CHECK_AGAIN_MS = 1_000;

/** The state of a schedule in Redis. */
export interface ScheduleRecord {
  /** When the next run is due, in epoch ms of this process. */
  readonly nextMs: number;
  /** The same by the clock of Redis, which is part of the id of the run. */
  readonly dueMs: number;
  /** How many runs were begun. */
  readonly runs: number;
}

/** What a schedule asks of its pool. */
export interface ScheduleStore {
  /** Creates the schedule, or resumes it. Returns its state. */
  write(): Promise<ScheduleRecord | undefined>;
  read(): Promise<ScheduleRecord | undefined>;
  /** Removes the schedule. Returns false if it was not there. */
  remove(): Promise<boolean>;
  /** Returns the run that was due then; `undefined` if its record is gone. */
  run(dueMs: number): Promise<{ readonly job: ClusterJob } | undefined>;
  /** The time from one run to the next; `undefined` if that changes. */
  readonly everyMs: number | undefined;
  ended(schedule: ClusterSchedule): void;
}

/**
 * A task that runs repeatedly on the hosts of a cluster, kept by Redis: it goes on without the process that made it. Its
 * properties are as last read.
 */
export class ClusterSchedule {
  /** The same id on several machines is one schedule. */
  readonly id: string;
  readonly #store: ScheduleStore;
  #record: ScheduleRecord | undefined;
  #job: ClusterJob | undefined;
  /** How many runs there were before the last pause. */
  #runsBefore = 0;
  #state: 'active' | 'paused' | 'cancelled' = 'active';
  #stopTimer: StopTimer = () => {};

  /** @internal */
  constructor(id: string, store: ScheduleStore, record: ScheduleRecord | undefined) {
    this.id = id;
    this.#store = store;
    this.#heard(record);
  }

  static {
    stays(ClusterSchedule, 'ClusterSchedule', (value) =>
      #store in value ? `schedule '${value.id}' of a cluster; pass its id` : undefined,
    );
  }

  /** The latest run, as last heard; `undefined` before the first. */
  get job(): ClusterJob | undefined {
    return this.#job;
  }

  /** When the next run is due, as last heard; `undefined` if there is none, or while the schedule is paused. */
  get next(): Date | undefined {
    return this.#record === undefined ? undefined : new Date(this.#record.nextMs);
  }

  /** How many runs of the schedule were begun, by all processes, as last heard. */
  get runs(): number {
    return this.#runsBefore + (this.#record?.runs ?? 0);
  }

  /** Reads the state of the schedule from Redis. */
  async refresh(): Promise<void> {
    if (this.#state === 'active') await this.#heardOf(await this.#store.read());
  }

  /** Takes the schedule out of Redis until `resume`, or until it is made again under its id. A run that has begun goes on. */
  async pause(): Promise<void> {
    if (this.#state !== 'active') return;
    this.#state = 'paused';
    await this.#store.remove();
    this.#runsBefore = this.runs;
    this.#heard(undefined);
  }

  /** Continues after `pause`, as if the schedule began now. */
  async resume(): Promise<void> {
    if (this.#state !== 'paused') return;
    this.#state = 'active';
    this.#heard(await this.#store.write());
  }

  /**
   * Ends the schedule, on all machines. A run in progress continues: cancel `schedule.job` to stop it, too.
   *
   * @returns a promise of whether it was there.
   */
  async cancel(): Promise<boolean> {
    if (this.#state === 'cancelled') return false;
    const wasActive = this.#state === 'active';
    this.#state = 'cancelled';
    this.close();
    this.#store.ended(this);
    const isRemoved = await this.#store.remove();
    this.#runsBefore = this.runs;
    this.#record = undefined;
    return isRemoved || !wasActive;
  }

  /** @internal Stops reading. */
  close(): void {
    this.#stopTimer();
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { id, next, runs } = this;
    return shown('ClusterSchedule', { id, state: this.#state, next, runs }, inspecting);
  }

  async #heardOf(record: ScheduleRecord | undefined): Promise<void> {
    const before = this.#record;
    if (this.#state !== 'active') return;
    this.#heard(record);
    if (record === undefined || before === undefined || record.dueMs <= before.dueMs) return;
    const { everyMs } = this.#store;
    const found = await this.#store.run(everyMs === undefined ? before.dueMs : record.dueMs - everyMs);
    if (found !== undefined) this.#job = found.job;
  }

  #heard(record: ScheduleRecord | undefined): void {
    this.#record = record;
    this.#stopTimer();
    if (record === undefined) return;
    const leftMs = record.nextMs - Date.now();
    const waitMs = leftMs > 0 ? leftMs + CHECK_AFTER_MS : CHECK_AGAIN_MS;
    this.#stopTimer = startTimer(waitMs, () => void this.refresh().catch(() => {}), { keepsProcess: false });
  }
}
