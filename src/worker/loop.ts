import { outsideRequests } from '../base/async-context.js';
import { now, setImmediate } from '../base/clock.js';
import { NotCloneableError } from '../errors.js';
import type { BeginTimes } from '../wire/lane/begin-times.js';
import { Control } from '../wire/lane/layout.js';
import type { BeginOutcome, SlotTable } from '../wire/lane/slot-table.js';
import type { BeginNotes } from './begin-notes.js';
import type { JobRunner, RunnerLoop } from './job-runner.js';
import type { MainDoorbell } from './main-doorbell.js';
import type { OpenJobs, PlaceTaker } from './open-jobs.js';
import type { Parking } from './parking.js';
import type { PoolPort } from './pool-port.js';
import type { RequestReader } from './request-reader.js';
import type { TaskTable } from './tasks/task-table.js';

const { exit } = process;

/** Longest time that a worker runs jobs before its event loop turns, for timers and sockets of tasks. */
const TURN_MS = 5;

export interface WorkerLoopDeps {
  readonly port: PoolPort;
  readonly controlWords: Int32Array;
  readonly slots: SlotTable;
  readonly begins: BeginTimes;
  readonly requests: RequestReader;
  readonly tasks: TaskTable;
  readonly openJobs: OpenJobs;
  readonly runner: JobRunner;
  readonly parking: Parking;
  readonly doorbell: MainDoorbell;
  /** Set on the thread that runs the jobs of a child process. */
  readonly notes: BeginNotes | undefined;
  /** Whether jobs run on the pool's own thread, which the loop must not block, and not end. */
  readonly isInline: boolean;
}

/** The loop inside a worker: takes entries from the request lane, has their jobs run, and parks when there are none. */
export class WorkerLoop implements RunnerLoop, PlaceTaker {
  readonly #port: PoolPort;
  readonly #controlWords: Int32Array;
  readonly #slots: SlotTable;
  readonly #begins: BeginTimes;
  readonly #requests: RequestReader;
  readonly #tasks: TaskTable;
  readonly #openJobs: OpenJobs;
  readonly #runner: JobRunner;
  readonly #parking: Parking;
  readonly #doorbell: MainDoorbell;
  readonly #notes: BeginNotes | undefined;
  readonly #isInline: boolean;
  #state: 'starting' | 'started' | 'stopped' = 'starting'; // only ever moves rightwards
  #isRunning = false;
  #turnStartedMs = 0;

  constructor(deps: WorkerLoopDeps) {
    this.#port = deps.port;
    this.#controlWords = deps.controlWords;
    this.#slots = deps.slots;
    this.#begins = deps.begins;
    this.#requests = deps.requests;
    this.#tasks = deps.tasks;
    this.#openJobs = deps.openJobs;
    this.#runner = deps.runner;
    this.#parking = deps.parking;
    this.#doorbell = deps.doorbell;
    this.#notes = deps.notes;
    this.#isInline = deps.isInline;
  }

  /** Whether the loop is on the stack, as it is while a job runs synchronously. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Takes jobs from now on, also those that were sent before. */
  start(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'started';
    Atomics.store(this.#controlWords, Control.IS_UP, 1);
    this.turn();
  }

  /** Takes no more jobs. */
  stop(): void {
    this.#state = 'stopped';
  }

  /** Begins a turn of the event loop. */
  readonly turn = (): void => {
    this.#turnStartedMs = now();
    this.takeJobs();
  };

  /** Takes jobs in the next turn of the event loop. For callers that have a job's code on the stack. */
  turnSoon(): void {
    outsideRequests(setImmediate, this.turn);
  }

  /** Takes jobs until there are none, or no place for them, or the event loop is due. */
  takeJobs(): void {
    if (this.#isRunning || this.#state !== 'started') return;
    this.#isRunning = true;
    try {
      this.#runBursts();
    } catch (fault) {
      this.crash(fault);
    }
    this.#isRunning = false;
  }

  /** Calls `act`, which goes on with an open job, and then takes jobs. */
  resume(act: () => void): void {
    if (this.#state === 'stopped') return;
    try {
      act();
      this.takeJobs();
      this.#doorbell.ring();
    } catch (fault) {
      this.crash(fault);
    }
  }

  /** Calls `act`, which must not throw. If it does, the loop is in no state to go on. */
  guard(act: () => void): void {
    try {
      act();
    } catch (fault) {
      this.crash(fault);
    }
  }

  /**
   * Stops as after the death of the thread, which then ends: jobs that it had not begun go to other workers, its running jobs
   * fail with `fault`. A task that has replaced functions that the loop calls can be the cause.
   */
  crash(fault: unknown): void {
    if (this.#state === 'stopped') return;
    this.stop();
    try {
      this.#port.postBroken(fault);
    } finally {
      if (!this.#isInline) exit(1); // inline the pool ends the worker
    }
  }

  #runBursts(): void {
    this.#parking.leave();
    this.#runner.readClock();
    while (this.#runBurst()) {
      if (this.#runner.clockMs - this.#turnStartedMs > TURN_MS) {
        setImmediate(this.turn);
        break;
      }
    }
    this.#doorbell.ringAnswered();
  }

  /** Takes what is in the lane. Returns false if there is no more to do until this thread is woken. */
  #runBurst(): boolean {
    const requests = this.#requests;
    const openJobs = this.#openJobs;
    const before = requests.position;
    while (openJobs.hasPlace && requests.next()) this.#take();
    requests.publishRead();
    if (!openJobs.hasPlace) return false; // the end of an open job goes on
    if (!requests.isEmpty) return true;
    this.#doorbell.ringAnswered();
    if (openJobs.isEmpty && !this.#isInline && this.#parking.linger(((requests.position - before) | 0) <= 2)) {
      this.#runner.readClock();
      return true;
    }
    return !this.#parking.park();
  }

  /** Takes the reader's entry. Its job begins unless it was taken back. */
  #take(): void {
    const requests = this.#requests;
    switch (requests.entryKind) {
      case 'skip':
        requests.skipEntry();
        break;
      case 'definition':
        this.#tasks.define(requests.readDefinition());
        break;
      case 'job': {
        this.#begins.set(requests.position, this.#runner.clockMs);
        const outcome = this.#slots.begin(requests.position);
        // a message is read even if its job was taken back, or the next job would get it
        const { isByMessage } = requests;
        let args: readonly unknown[];
        try {
          args = requests.readValues();
        } catch (fault) {
          this.#cannotRead(fault, outcome);
          break;
        }
        if (isByMessage) this.#runner.readClock();
        if (outcome === 'taken back') break;
        this.#notes?.begun(requests.id, requests.overrides.attempt ?? 1);
        this.#runner.begin(this.#tasks.get(requests.taskId), args);
        break;
      }
    }
  }

  /** A value of the entry cannot be read: its job fails. */
  #cannotRead(fault: unknown, outcome: BeginOutcome): void {
    if (!(fault instanceof NotCloneableError)) throw fault; // where the next entry begins is unknown
    if (outcome === 'begun') this.#runner.failUnread(this.#tasks.get(this.#requests.taskId), fault);
  }
}
