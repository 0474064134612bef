import { now } from '../base/clock.js';
import { type InFlightJob, type InFlightJobTask, kindOf, ownerOf, seqOf, setOwner } from '../base/in-flight-job.js';
import { RareMap } from '../base/maps/rare-map.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Printed } from '../contract/printed.js';
import type { Peer } from '../sync/sharing/registry.js';
import { wake } from '../sync/waiting/wakeup.js';
import { BeginTimes } from '../wire/lane/begin-times.js';
import { Control, MASK, Parked } from '../wire/lane/layout.js';
import { type CancelOutcome, SlotTable } from '../wire/lane/slot-table.js';
import { PayloadPort } from '../wire/message/payload-port.js';
import type { ControlPort } from './control-port.js';
import { InFlight } from './in-flight.js';
import { RequestLane } from './request-lane.js';
import { ResultLane, type ResultReader, type StoppedEnd, type Thrown } from './result-lane.js';
import { TieredInFlight } from './tiered-in-flight.js';
import type { WorkerConnection } from './worker-connection.js';
import type { JobSink, WorkerEvents } from './worker-events.js';
import type { WorkerLifecycle } from './worker-lifecycle.js';
import type { WorkerSettings } from './worker-settings.js';
import type { WorkerTalk } from './worker-talk.js';

/** How a job was withdrawn from a worker: it was taken back, or its code was asked to stop. */
export type WithdrawOutcome = 'taken back' | CancelOutcome;

/** Outcome of a publish: `blocked` if code of a job blocks the thread, which will not take what it was sent. */
export type PublishOutcome = 'published' | 'blocked';

/** What a job channel sends through, and what it reports to. */
export interface JobChannelDeps<J extends InFlightJob, W> {
  readonly settings: WorkerSettings;
  readonly connection: WorkerConnection;
  readonly control: ControlPort;
  readonly talk: WorkerTalk;
  readonly lifecycle: WorkerLifecycle;
  readonly events: WorkerEvents<J, W>;
  readonly sink: JobSink<J, W>;
}

/** Progress time of an idle worker whose first job is not published yet: such a worker is not overdue. */
const NOT_PUBLISHED = Number.POSITIVE_INFINITY;
/** Most entries that are written to a starting thread, which reads none before it is up. */
const EARLY_ENTRIES = 64;

/** The jobs between the pool's thread and one worker: sends them, takes them back, and reads their answers. */
export class JobChannel<J extends InFlightJob, W extends Peer> implements ResultReader {
  readonly inFlight: InFlight<J>;
  readonly results: ResultLane;
  /** When the worker last made progress: its first job was published, or it answered. In ms of `now()`. */
  progressAtMs = 0;
  /** How many jobs' code has ended here, and how long it ran. */
  jobsRun = 0;
  busyTicks = 0;
  readonly #worker: W;
  readonly #concurrency: number;
  readonly #jobLimit: number;
  readonly #controlWords: Int32Array;
  readonly #wakeup: number;
  readonly #slots: SlotTable;
  readonly #begins: BeginTimes;
  readonly #requests: RequestLane;
  readonly #control: ControlPort;
  readonly #talk: WorkerTalk;
  readonly #lifecycle: WorkerLifecycle;
  readonly #events: WorkerEvents<J, W>;
  readonly #sink: JobSink<J, W>;
  #isStalled = false;
  /** Whether `publishEarly` has left the worker asleep: the next `publish` wakes it, even without new entries. */
  #owesWakeup = false;
  /** The jobs here that wait for children: they take no place. */
  readonly waitingParents = new RareMap<J, true>();
  /** Errors of reports that could not be read, by slot: the job fails with its error once its code has ended. */
  readonly #unread = new RareMap<number, Error>();
  /** Removes a task from the worker when nobody can submit it any more, such as a collected closure (I9). */
  readonly #forgetTask: FinalizationRegistry<number>;

  /** @param worker the owner of the jobs that are sent, and the sender of what the channel reports. */
  constructor(worker: W, { settings, connection, control, talk, lifecycle, events, sink }: JobChannelDeps<J, W>) {
    const { memory } = connection;
    this.#worker = worker;
    this.#concurrency = settings.concurrency;
    this.#jobLimit = settings.jobLimit ?? Number.POSITIVE_INFINITY;
    this.#controlWords = memory.control;
    this.#wakeup = connection.wakeup;
    this.#slots = new SlotTable(memory.slots);
    this.#begins = new BeginTimes(memory.begins);
    this.inFlight =
      settings.tiers === undefined ? new InFlight(this.#slots) : new TieredInFlight(this.#slots, settings.tiers);
    const port = new PayloadPort(connection.payload, worker);
    this.#requests = new RequestLane(memory, port, {
      bufferGone: (number) => control.postIfOpen({ kind: 'memory-gone', number }),
      sendMail: (job, mail) => talk.sendMail(job, mail),
    });
    this.results = new ResultLane(memory, connection.payload, port);
    this.#control = control;
    this.#talk = talk;
    this.#lifecycle = lifecycle;
    this.#events = events;
    this.#sink = sink;
    this.#forgetTask = new FinalizationRegistry((id) => control.postIfOpen({ kind: 'task-gone', id }));
    connection.payload.unref();
  }

  /** How many places are taken, or will be by jobs sent ahead. */
  get #placesTaken(): number {
    return this.inFlight.size - this.waitingParents.size;
  }

  /** How many more jobs the worker may be sent. */
  get jobsLeft(): number {
    return this.#jobLimit - this.jobsRun - this.inFlight.size;
  }

  get hasPlace(): boolean {
    return this.#placesTaken < this.#concurrency && this.jobsLeft > 0;
  }

  /** Whether the lane has room for a job. */
  get hasRoom(): boolean {
    return this.jobsLeft > 0 && this.#requests.hasRoom(2);
  }

  /** Whether the lane has room for a job of a worker that is starting. */
  get hasEarlyRoom(): boolean {
    return this.jobsLeft > 0 && this.#requests.nextSeq < EARLY_ENTRIES;
  }

  /** Whether the job sent last took long to send: its values went by message. */
  get hasSentSlowly(): boolean {
    return this.#requests.isByMessage;
  }

  /** See `RemoteWorker.isStalled`. */
  get isStalled(): boolean {
    if (this.#isStalled && this.#requests.isRead) this.#isStalled = false;
    return this.#isStalled;
  }

  markStalled(): void {
    this.#isStalled = true;
  }

  /** Whether the worker has begun a job it was sent. */
  hasBegun(seq: number): boolean {
    return !this.#slots.isWaiting(seq);
  }

  /** When a job that the worker has begun began, in ms of `now()`. */
  begunAtMs(seq: number): number {
    return this.#begins.get(seq);
  }

  /** A job here waits for children. */
  suspend(job: J): void {
    if (ownerOf(job) === this.#worker) this.waitingParents.set(job, true);
  }

  /** A job here no longer waits for children. */
  resume(job: J): void {
    this.waitingParents.delete(job);
  }

  /**
   * Sends a job without publishing it. Returns false if the lane has no room. The job is in flight before it is written: if
   * writing runs foreign code that cancels the job, the job is taken back as usual, and the worker skips the entry.
   *
   * @param plannedTicks how long the job is expected to run.
   * @throws {NotCloneableError} if an argument cannot be cloned; the job is not written then, and stays in flight.
   */
  send(job: J, plannedTicks: number): boolean {
    const requests = this.#requests;
    if (!requests.hasRoom(2)) return false;
    const { task } = kindOf(job);
    const isNew = requests.lacks(task);
    const ahead = isNew ? 1 : 0; // a definition goes before the job
    while (this.inFlight.isTaken((requests.nextSeq + ahead) | 0)) {
      if (!requests.hasRoom(2)) return false;
      requests.skip();
    }
    if (this.inFlight.size === 0) this.#beginAnew();
    const seq = (requests.nextSeq + ahead) | 0;
    setOwner(job, this.#worker);
    this.inFlight.take(job, seq, plannedTicks);
    if (isNew) this.#define(task);
    requests.write(job);
    this.inFlight.sent(job, seq);
    return true;
  }

  #define(task: InFlightJobTask): void {
    this.#requests.define(task);
    this.#forgetTask.register(task, task.id);
  }

  /** The worker has no other job, so it is no longer stalled. */
  #beginAnew(): void {
    this.progressAtMs = NOT_PUBLISHED;
    this.#isStalled = false;
  }

  /** Publishes what was sent, and wakes the thread if it sleeps. */
  publish(): PublishOutcome {
    if (!this.#publishEntries() && !this.#owesWakeup) return 'published';
    this.#owesWakeup = false;
    return this.#wake(Atomics.load(this.#controlWords, Control.PARKED));
  }

  /**
   * Like `publish`, but does not wake a worker that blocks for `LINGER_MS` at most and then checks by itself: the next
   * `publish` wakes it, with the jobs sent by then. A wakeup costs more than many short jobs.
   */
  publishEarly(): PublishOutcome {
    if (!this.#publishEntries()) return 'published';
    const parked = Atomics.load(this.#controlWords, Control.PARKED);
    this.#owesWakeup = parked === Parked.IN_WAIT;
    return this.#owesWakeup ? 'published' : this.#wake(parked);
  }

  /** Returns whether there were new entries. */
  #publishEntries(): boolean {
    if (this.progressAtMs === NOT_PUBLISHED) this.progressAtMs = now();
    return this.#requests.publish();
  }

  #wake(parked: number): PublishOutcome {
    if (parked === Parked.NO) return 'published';
    if (parked === Parked.BLOCKED) return 'blocked';
    const control = this.#controlWords;
    if (parked === Parked.IN_WAIT) Atomics.notify(control, Control.REQUEST_TAIL, 1);
    else if (Atomics.compareExchange(control, Control.PARKED, parked, Parked.NO) === parked) this.#control.ring();
    return 'published';
  }

  /** Reads up to `max` entries; returns how many. */
  drain(max: number): number {
    const count = this.results.read(max, this);
    if (count > 0) this.progressAtMs = now();
    return count;
  }

  /** See `RemoteWorker.cancel`. */
  cancel(job: J, reason: unknown): WithdrawOutcome {
    if (this.inFlight.takeBackOne(job) === 'taken back') return 'taken back';
    const seq = seqOf(job);
    const outcome = this.#slots.cancel(seq);
    if (outcome === 'asked') {
      wake(this.#wakeup);
      this.#control.post({ kind: 'job-cancelled', seq, reason });
    }
    return outcome;
  }

  /** Releases a job that does not stop: its answer, if one comes, is ignored. */
  giveUp(job: J): void {
    this.inFlight.release(seqOf(job) & MASK);
  }

  returned(slot: number, value: unknown): void {
    const error = this.#unread.get(slot);
    const job = this.#ended(slot);
    if (job === undefined) return;
    if (error === undefined) this.#sink.jobReturned(this.#worker, job, value);
    else this.#sink.jobThrew(this.#worker, job, { error, isCancelled: false });
  }

  threw(slot: number, thrown: Thrown): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobThrew(this.#worker, job, thrown);
  }

  stopped(slot: number, end: StoppedEnd): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobStopped(this.#worker, job, end);
  }

  failedToStart(slot: number, thrown: Thrown): void {
    this.#isStalled = false;
    const job = this.inFlight.release(slot);
    if (this.inFlight.size === 0) this.#lifecycle.jobsEnded();
    if (job !== undefined) this.#sink.jobFailedToStart(job, thrown);
  }

  #ended(slot: number): J | undefined {
    this.#isStalled = false;
    this.jobsRun++;
    this.busyTicks += this.results.runTicks;
    const job = this.inFlight.release(slot);
    if (job !== undefined) this.waitingParents.delete(job);
    this.#unread.delete(slot);
    if (this.inFlight.size === 0) this.#lifecycle.jobsEnded();
    return job;
  }

  started(slot: number): void {
    const job = this.inFlight.inSlot(slot);
    if (job !== undefined) this.#sink.jobStarted(this.#worker, job);
  }

  reported(slot: number, value: unknown): void {
    const job = this.inFlight.inSlot(slot);
    if (job !== undefined) this.#sink.jobReported(job, value);
  }

  reportLost(slot: number, error: Error): void {
    if (!this.#unread.has(slot)) this.#unread.set(slot, error);
  }

  tokenCancelled(slot: number, reason: unknown): void {
    const job = this.inFlight.inSlot(slot);
    if (job !== undefined) this.#events.ownTokenCancelled(job, reason);
  }

  messageRead(slot: number): void {
    const job = this.inFlight.inSlot(slot);
    if (job !== undefined) this.#events.messageRead(job);
  }

  suspended(slot: number): void {
    const parent = this.inFlight.inSlot(slot);
    if (parent !== undefined) this.#events.parentSuspended(this.#worker, parent);
  }

  blocked(slot: number): void {
    this.#events.workerBlocked(this.#worker, this.inFlight.inSlot(slot));
  }

  childSubmitted(slot: number, child: ChildSubmission): void {
    const parent = this.inFlight.inSlot(slot);
    if (parent !== undefined) this.#events.childSubmitted(this.#worker, parent, child);
    else this.#talk.postChildEnd(child.child, { error: new Error('The job that submitted it was given up') });
  }

  childLost(_slot: number, child: number, error: Error): void {
    this.#talk.postChildEnd(child, { error });
  }

  printed(printed: readonly Printed[]): void {
    this.#events.printed(this.#worker, printed);
  }

  broke(cause: unknown): void {
    this.#lifecycle.broke(cause);
  }
}
