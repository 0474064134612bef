import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { type Carrier, type ExchangeMessage, receive } from '../sync/exchange.js';
import { PayloadPort } from './envelope.js';
import { decodeError } from './error-codec.js';
import { CAPACITY, Control, createMemory, MASK, Parked } from './layout.js';
import { BELL, type FromWorker, type ToWorker, type WorkerInit } from './protocol.js';
import { type Parcel, RequestLane } from './request-lane.js';
import { ResultLane, type ResultReader, type StoppedEnd, type Thrown } from './result-lane.js';
import { SlotTable } from './slot-table.js';

/** A job as a worker carries it: it knows where it sits. */
export interface Passenger extends Parcel {
  /** Place among jobs of its priority. */
  readonly order: number;
  seat: object | undefined;
  seq: number;
}

/** A place in the order of jobs: before all of a lower priority, and before equals of a higher `order` (I4). */
export interface Rank {
  readonly priority: number;
  readonly order: number;
}

function isBefore(a: Rank, b: Rank): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.order < b.order);
}

/** What a worker tells of the jobs it was sent. */
export interface JobSink<J extends Passenger> {
  jobStarted(worker: RemoteWorker<J>, job: J): void;
  jobReported(job: J, value: unknown): void;
  jobReturned(worker: RemoteWorker<J>, job: J, value: unknown): void;
  jobThrew(worker: RemoteWorker<J>, job: J, thrown: Thrown): void;
  jobStopped(worker: RemoteWorker<J>, job: J, end: StoppedEnd): void;
}

/** What happens to a worker, told in the event loop. */
export interface WorkerEvents<J extends Passenger> {
  workerReady(worker: RemoteWorker<J>): void;
  /** Results wait in some worker's lane. */
  workerRang(): void;
  workerExited(worker: RemoteWorker<J>, exit: { exitCode: number; cause: unknown }): void;
  ownTokenCancelled(job: J, reason: unknown): void;
  /** A token that this thread shares was cancelled by a job's code; `spread` tells it to all who depend on it. */
  sharedCancelled(by: J | undefined, spread: () => void): void;
  lateError(error: Error, jobId: number | undefined): void;
}

export interface WorkerSettings {
  readonly workerId: number;
  readonly concurrency: number;
  readonly poolWord: Int32Array;
}

/** Moves only rightwards. */
export type WorkerState = 'starting' | 'ready' | 'ending' | 'exited';

/** What asking a job to stop came to. */
export type CancelOutcome = 'taken back' | 'asked' | 'asked before' | 'too late';

/** The jobs of a thread that is gone. */
export interface AbandonedJobs<J> {
  /** Their code ran, or had ended with its answer unsent. */
  readonly begun: J[];
  /** The same, after they were asked to stop. */
  readonly cancelling: J[];
  readonly waiting: J[];
}

/** ts-node registered in process leaves its service here. */
const TS_NODE = Symbol.for('ts-node.register.instance');

/** One worker seen from outside: its thread, its lanes, and the jobs that were sent to it. */
export class RemoteWorker<J extends Passenger> implements ResultReader, Carrier {
  readonly workerId: number;
  readonly concurrency: number;
  readonly memory = createMemory();
  /** Jobs sent and not answered. */
  open = 0;
  /** What the jobs sent and not answered are expected to take, in ms. Kept by whoever sends. */
  backlogMs = 0;
  /** Nothing may be sent ahead: what runs here has run for far longer than expected. Until one of its jobs ends. */
  isHeld = false;
  /** What `firstWaiting` was when it was last looked at, to see whether the worker gets on. */
  watchedSeq = -1;
  /** Jobs whose code ended here, and the ms they ran. */
  jobsRun = 0;
  busyMs = 0;
  readyAtMs = 0;
  idleSinceMs = 0;
  /** Why its thread is being ended, where a job is to blame. */
  endCause: unknown;
  readonly slots = new SlotTable(this.memory.slots);
  readonly results: ResultLane;
  readonly #requests: RequestLane;
  readonly #jobs: (J | undefined)[] = new Array<J | undefined>(CAPACITY).fill(undefined);
  readonly #plannedMs = new Float64Array(CAPACITY);
  readonly #thread: Worker;
  readonly #control: MessagePort;
  readonly #payload: MessagePort;
  readonly #events: WorkerEvents<J>;
  readonly #sink: JobSink<J>;
  #state: WorkerState = 'starting';
  #firstWaiting = 0;
  /** The last in rank of those not begun, if any is not: jobs are sent in order. */
  #lastSent: J | undefined;
  #error: unknown;

  constructor(thread: Worker, settings: WorkerSettings, told: { events: WorkerEvents<J>; sink: JobSink<J> }) {
    this.workerId = settings.workerId;
    this.concurrency = settings.concurrency;
    this.#events = told.events;
    this.#sink = told.sink;
    this.#thread = thread;
    const control = new MessageChannel();
    const payload = new MessageChannel();
    this.#control = control.port1;
    this.#payload = payload.port1;
    const port = new PayloadPort(payload.port1, this);
    this.#requests = new RequestLane(this.memory, port);
    this.results = new ResultLane(this.memory, payload.port1, port);
    this.#listen();
    const init: WorkerInit = {
      kind: 'thread-system-init',
      workerId: this.workerId,
      concurrency: settings.concurrency,
      memory: this.memory,
      poolWord: settings.poolWord,
      control: control.port2,
      payload: payload.port2,
      isTsNodeRegistered: TS_NODE in process,
      clock: { nowMs: performance.now(), hrtime: process.hrtime.bigint() },
    };
    thread.postMessage(init, [control.port2, payload.port2]);
  }

  get state(): WorkerState {
    return this.#state;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Whether a job sent now would begin at once. */
  get isFree(): boolean {
    return this.#state === 'ready' && this.open < this.concurrency;
  }

  /** Whether the lane has room for a job. */
  get hasRoom(): boolean {
    return this.#requests.hasRoom(2);
  }

  get isOpen(): boolean {
    return this.#state !== 'exited';
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  hasBegun(seq: number): boolean {
    return !this.slots.isWaiting(seq);
  }

  /**
   * Sends a job, not yet published. False when the lane has no room.
   *
   * @param plannedMs what it is expected to take.
   * @throws {NotCloneableError} when an argument cannot cross; the job is not sent then.
   */
  send(job: J, plannedMs: number): boolean {
    const requests = this.#requests;
    if (!requests.hasRoom(2)) return false;
    requests.define(job.task);
    // an async job may hold its slot for longer than it takes to come round
    while (this.#jobs[requests.nextSeq & MASK] !== undefined) {
      if (!requests.hasRoom(2)) return false;
      requests.skip();
    }
    const seq = requests.nextSeq;
    requests.write(job);
    this.slots.dispatch(seq);
    this.#jobs[seq & MASK] = job;
    this.#plannedMs[seq & MASK] = plannedMs;
    this.backlogMs += plannedMs;
    this.#lastSent = job;
    this.open++;
    job.seat = this;
    job.seq = seq;
    return true;
  }

  /** Makes what was sent visible, and wakes the thread where it sleeps. */
  publish(): void {
    const parked = this.#requests.publish();
    if (parked === Parked.NO) return;
    const { control } = this.memory;
    if (parked === Parked.IN_WAIT) Atomics.notify(control, Control.REQUEST_TAIL, 1);
    else if (Atomics.compareExchange(control, Control.PARKED, parked, Parked.NO) === parked)
      this.#control.postMessage(BELL);
  }

  /** Reads up to `max` answers and tells the sink; returns how many. */
  drain(max: number): number {
    return this.results.read(max, this);
  }

  /** The sequence number of the oldest job not begun; that of the next entry where there is none. */
  firstWaiting(): number {
    const end = this.#requests.nextSeq;
    let seq = this.#firstWaiting;
    while (seq !== end && !this.#isWaiting(seq)) seq = (seq + 1) | 0;
    this.#firstWaiting = seq;
    return seq;
  }

  get hasWaiting(): boolean {
    return this.firstWaiting() !== this.#requests.nextSeq;
  }

  get waitingCount(): number {
    let count = 0;
    for (let seq = this.firstWaiting(); seq !== this.#requests.nextSeq; seq = (seq + 1) | 0)
      if (this.#isWaiting(seq)) count++;
    return count;
  }

  /** Whether a job sent now would wait behind one that it ranks before. */
  wouldOvertake(job: Rank): boolean {
    const last = this.#lastSent;
    return last !== undefined && isBefore(job, last);
  }

  /**
   * Takes back up to `max` jobs not begun, of those that rank behind `rank`, the last sent first. Those that must not be
   * sent twice stay.
   */
  takeBack(rank: Rank, max: number): J[] {
    const taken: J[] = [];
    const first = this.firstWaiting();
    for (let seq = this.#requests.nextSeq; seq !== first && taken.length < max; ) {
      seq = (seq - 1) | 0;
      const job = this.#jobs[seq & MASK];
      if (job === undefined || job.seq !== seq || job.transfer !== undefined) continue;
      if (!isBefore(rank, job)) break; // jobs are sent in order: so do all that were sent before it
      if (!this.#takeBackOne(job)) break; // begun, and so are all that were sent before it
      taken.push(job);
    }
    const end = (this.#requests.nextSeq - 1) | 0;
    this.#lastSent = taken.length === 0 ? this.#lastSent : this.#waitingBefore(end, first);
    return taken;
  }

  #waitingBefore(from: number, first: number): J | undefined {
    for (let seq = from; seq !== ((first - 1) | 0); seq = (seq - 1) | 0) {
      const job = this.#jobs[seq & MASK];
      if (job?.seq === seq) return job;
    }
    return undefined;
  }

  /** Asks a job to stop: it either never starts, or sees its flag raised, or has ended. No third case. */
  cancel(job: J, reason: unknown): CancelOutcome {
    if (this.#takeBackOne(job)) return 'taken back';
    if (!this.slots.cancel(job.seq)) return this.slots.isCancelling(job.seq) ? 'asked before' : 'too late';
    this.tell({ kind: 'job-cancelled', seq: job.seq, reason });
    return 'asked';
  }

  /** Takes back one job. False when it has begun. */
  #takeBackOne(job: J): boolean {
    if (!this.slots.takeBack(job.seq)) return false;
    this.#release(job.seq & MASK);
    return true;
  }

  takeBackJob(job: J): boolean {
    return job.transfer === undefined && this.#takeBackOne(job);
  }

  /** Gives up all jobs of a thread that is gone. */
  abandon(): AbandonedJobs<J> {
    const jobs: AbandonedJobs<J> = { begun: [], cancelling: [], waiting: [] };
    for (const [slot, job] of this.#jobs.entries()) {
      if (job === undefined) continue;
      const isWaiting = this.slots.takeBack(job.seq);
      const isCancelling = this.slots.isCancelling(job.seq);
      this.#release(slot);
      (isWaiting ? jobs.waiting : isCancelling ? jobs.cancelling : jobs.begun).push(job);
    }
    return jobs;
  }

  *[Symbol.iterator](): Generator<J> {
    for (const job of this.#jobs) if (job !== undefined) yield job;
  }

  announceStarts(): void {
    Atomics.store(this.memory.control, Control.ANNOUNCE_STARTS, 1);
  }

  /** Ends the thread at once, whatever runs on it. `workerExited` follows. */
  terminate(): void {
    if (this.#state === 'ending' || this.#state === 'exited') return;
    this.#state = 'ending';
    void this.#thread.terminate();
  }

  tell(message: ExchangeMessage | ToWorker): void {
    try {
      this.#control.postMessage(message);
    } catch {
      // a reason that cannot be cloned: the flag in memory still tells that it was cancelled
      if (typeof message === 'object') this.#control.postMessage({ ...message, reason: String(message.reason) });
    }
  }

  started(slot: number): void {
    const job = this.#jobs[slot];
    if (job !== undefined) this.#sink.jobStarted(this, job);
  }

  reported(slot: number, value: unknown): void {
    const job = this.#jobs[slot];
    if (job !== undefined) this.#sink.jobReported(job, value);
  }

  returned(slot: number, value: unknown): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobReturned(this, job, value);
  }

  threw(slot: number, thrown: Thrown): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobThrew(this, job, thrown);
  }

  stopped(slot: number, end: StoppedEnd): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobStopped(this, job, end);
  }

  #ended(slot: number): J | undefined {
    const job = this.#release(slot);
    this.isHeld = false;
    this.jobsRun++;
    this.busyMs += this.results.runMs;
    return job;
  }

  #release(slot: number): J | undefined {
    const job = this.#jobs[slot];
    if (job === undefined) return undefined;
    this.#jobs[slot] = undefined;
    job.seat = undefined;
    this.open--;
    this.backlogMs -= this.#plannedMs[slot] ?? 0;
    if (this.open === 0) {
      this.backlogMs = 0;
      this.#lastSent = undefined;
      this.idleSinceMs = performance.now();
    }
    return job;
  }

  #isWaiting(seq: number): boolean {
    return this.#jobs[seq & MASK]?.seq === seq && this.slots.isWaiting(seq);
  }

  #listen(): void {
    this.#control.on('message', (message: FromWorker) => this.#onMessage(message));
    this.#control.unref();
    this.#payload.unref();
    this.#thread.unref();
    this.#thread.on('error', (error: unknown) => {
      this.#error = error; // 'exit' always follows; the jobs are settled there
    });
    this.#thread.on('exit', (exitCode: number) => {
      this.#state = 'exited';
      const cause = this.endCause ?? this.#error;
      this.#events.workerExited(this, { exitCode, cause });
      this.#control.close();
      this.#payload.close();
    });
  }

  #jobAt(seq: number | undefined): J | undefined {
    if (seq === undefined) return undefined;
    const job = this.#jobs[seq & MASK];
    return job?.seq === seq ? job : undefined;
  }

  #onMessage(message: FromWorker): void {
    if (message === BELL) {
      this.#events.workerRang();
      return;
    }
    switch (message.kind) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#state = 'ready';
        this.readyAtMs = performance.now();
        this.idleSinceMs = this.readyAtMs;
        this.#events.workerReady(this);
        break;
      case 'token-cancelled':
        this.#events.sharedCancelled(this.#jobAt(message.by), () => receive(message, this));
        break;
      case 'own-token-cancelled': {
        const job = this.#jobAt(message.seq);
        if (job !== undefined) this.#events.ownTokenCancelled(job, message.reason);
        break;
      }
      case 'late-error':
        this.#events.lateError(decodeError(message.error), message.jobId);
        break;
    }
  }
}
