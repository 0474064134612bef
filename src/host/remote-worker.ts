import type { Readable } from 'node:stream';
import type { MessagePort, Worker } from 'node:worker_threads';
import { now } from '../base/clock.js';
import type { InFlightJob } from '../base/in-flight-job.js';
import type { RareMap } from '../base/maps/rare-map.js';
import type { ProfileStep, ThreadProfile } from '../contract/thread-profile.js';
import type { WorkerEnd } from '../contract/worker-end.js';
import { type Peer, type RegistryMessage, threadGone, threadStarted } from '../sync/sharing/registry.js';
import { freeWakeups, threadsUnder, wakeAll } from '../sync/waiting/wakeup.js';
import { Control, Parked } from '../wire/lane/layout.js';
import type { ToWorker } from '../wire/message/protocol.js';
import { ControlMessages } from './control-messages.js';
import { ControlPort } from './control-port.js';
import type { Hook } from './hook-queue.js';
import type { InFlight } from './in-flight.js';
import { JobChannel, type PublishOutcome, type WithdrawOutcome } from './job-channel.js';
import type { ResultLane } from './result-lane.js';
import { Runs } from './run.js';
import { connect, type WorkerConnection } from './worker-connection.js';
import type { JobSink, WorkerEvents } from './worker-events.js';
import { WorkerLifecycle, type WorkerState } from './worker-lifecycle.js';
import type { WorkerSettings } from './worker-settings.js';
import { WorkerTalk } from './worker-talk.js';
import { WorkerThread } from './worker-thread.js';

/** One worker as its pool sees it: the jobs in flight there, the life of its thread, and its control port. */
export class RemoteWorker<J extends InFlightJob> implements Peer {
  readonly sharesMemory = true;
  readonly workerId: number;
  /** As a job's owner: 0, as no run has ended. */
  readonly attempt = 0;
  readonly concurrency: number;
  readonly inFlight: InFlight<J>;
  readonly results: ResultLane;
  readonly lifecycle: WorkerLifecycle;
  readonly suspended: Pick<RareMap<J, true>, 'size' | 'has'>;
  /** Messages to the code of its jobs. */
  readonly talk: WorkerTalk;
  readonly runs: Runs;
  /** `inFlight.firstWaiting` at the last check of whether the worker makes progress. */
  watchedSeq = -1;
  readonly #connection: WorkerConnection;
  readonly #control: ControlPort;
  readonly #thread: WorkerThread;
  readonly #channel: JobChannel<J, RemoteWorker<J>>;
  readonly #messages: ControlMessages<J, RemoteWorker<J>>;
  readonly #events: WorkerEvents<J, RemoteWorker<J>>;

  constructor(
    worker: Worker,
    settings: WorkerSettings,
    receivers: { readonly events: WorkerEvents<J, RemoteWorker<J>>; readonly sink: JobSink<J, RemoteWorker<J>> },
  ) {
    const { events, sink } = receivers;
    this.workerId = settings.workerId;
    this.runs = new Runs(settings.workerId);
    this.concurrency = settings.concurrency;
    const connection = connect(worker, settings);
    const words = connection.memory.control;
    const control = new ControlPort(connection.control, words, this);
    const thread = new WorkerThread(worker, { hasProcess: settings.process !== undefined, control, words });
    const lifecycle = new WorkerLifecycle(
      { settings, control, thread },
      {
        ready: () => this.#ready(),
        hooksEnded: () => events.hooksEnded(this),
        unlinked: () => this.#unlinked(),
      },
    );
    const talk = new WorkerTalk(control, this, connection.wakeup);
    const channel = new JobChannel(this, { settings, connection, control, talk, lifecycle, events, sink });
    this.inFlight = channel.inFlight;
    this.results = channel.results;
    this.suspended = channel.waitingParents;
    this.talk = talk;
    this.#connection = connection;
    this.#control = control;
    this.#thread = thread;
    this.lifecycle = lifecycle;
    this.#channel = channel;
    this.#messages = new ControlMessages(this, { control, thread, lifecycle, channel, talk, events });
    this.#events = events;
    this.#messages.listen();
    thread.listen((exitCode) => this.#exited(exitCode));
    threadStarted(this);
  }

  get state(): WorkerState {
    return this.lifecycle.state;
  }

  get isOpen(): boolean {
    return this.lifecycle.isOpen;
  }

  /** Whether the worker takes jobs. */
  get isReady(): boolean {
    return this.lifecycle.isReady;
  }

  /** See `WorkerLifecycle.mayRunJobs`. */
  get mayRunJobs(): boolean {
    return this.lifecycle.mayRunJobs;
  }

  /** Whether the worker takes no jobs yet: it is kept until another has to be ended. */
  get isSpare(): boolean {
    return this.lifecycle.isSpare;
  }

  set isSpare(isSpare: boolean) {
    this.lifecycle.isSpare = isSpare;
  }

  /** Whether the worker will soon be free: it starts and was sent nothing, or runs a hook. */
  get isComing(): boolean {
    const { state, hooks } = this.lifecycle;
    return (
      (state === 'starting' && this.inFlight.size === 0) ||
      (state === 'ready' && !hooks.isEmpty && this.#channel.hasPlace)
    );
  }

  /** Whether a job sent now would begin at once. */
  get isFree(): boolean {
    return this.isReady && this.#channel.hasPlace && (this.isIdle || !this.isStalled) && !this.isBlocked;
  }

  get isIdle(): boolean {
    return this.isReady && this.inFlight.size === 0;
  }

  /** Whether the worker is idle, and no stream or port of its jobs is open. */
  get isUnused(): boolean {
    return this.isIdle && this.lifecycle.ports.isEmpty;
  }

  /** Whether code on its thread blocks it at this moment to wait for another thread. */
  get isBlocked(): boolean {
    return Atomics.load(this.#connection.memory.control, Control.PARKED) === Parked.BLOCKED;
  }

  /** Whether its thread takes jobs, or did, whether or not the message about it has been read. */
  get wasUp(): boolean {
    return Atomics.load(this.#connection.memory.control, Control.IS_UP) === 1;
  }

  /**
   * Whether the worker starts, and would begin a job sent now as soon as it is up. Its thread then reads the lane without a
   * message from this one, so the job begins even if this thread is busy by then.
   */
  get takesEarly(): boolean {
    return this.lifecycle.takesEarly && this.#channel.hasPlace && this.#channel.hasEarlyRoom;
  }

  /** Whether the lane has room for a job. */
  get hasRoom(): boolean {
    return this.#channel.hasRoom;
  }

  get jobsLeft(): number {
    return this.#channel.jobsLeft;
  }

  /** Whether the job sent last took long to send: its values went by message. */
  get hasSentSlowly(): boolean {
    return this.#channel.hasSentSlowly;
  }

  /**
   * Whether nothing may be sent here, as what runs here runs far longer than expected. Ends when one of its jobs ends, when
   * the worker reads its lane again (then it was only slow, or its open jobs leave it time), or when a worker without jobs is
   * sent one. So no job that can be taken back waits at a stalled worker.
   */
  get isStalled(): boolean {
    return this.#channel.isStalled;
  }

  markStalled(): void {
    this.#channel.markStalled();
  }

  /** When the worker last made progress: its first job was published, or it answered. In ms of `now()`. */
  get progressAtMs(): number {
    return this.#channel.progressAtMs;
  }

  /** How many jobs' code has ended here. */
  get jobsRun(): number {
    return this.#channel.jobsRun;
  }

  /** How long the code of those jobs ran. */
  get busyTicks(): number {
    return this.#channel.busyTicks;
  }

  get startedAtMs(): number {
    return this.lifecycle.startedAtMs;
  }

  /** When the worker became ready, in ms of `now()`; 0 before. */
  get readyAtMs(): number {
    return this.lifecycle.readyAtMs;
  }

  /** Whether the pool has ended its thread, or is ending it: it did not die by itself. */
  get wasEnded(): boolean {
    return this.lifecycle.wasEnded;
  }

  get endReason(): string {
    return this.lifecycle.endReason;
  }

  /** Whether its loop has failed, or its lane cannot be read any further: its thread ends. */
  get isBroken(): boolean {
    return this.lifecycle.isBroken;
  }

  /** Why its thread is being ended, if a job is to blame. */
  get endCause(): unknown {
    return this.lifecycle.endCause;
  }

  set endCause(cause: unknown) {
    this.lifecycle.endCause = cause;
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  /** Whether its jobs run in a child process. */
  get hasProcess(): boolean {
    return this.#thread.hasProcess;
  }

  /** Whether the library's entry has begun in the thread, and in its child process. */
  get isUp(): boolean {
    return this.#thread.isUp;
  }

  /** Process id of its child process, once that is up. */
  get pid(): number | undefined {
    return this.#thread.pid;
  }

  /** Whether the worker has begun a job it was sent. */
  hasBegun(seq: number): boolean {
    return this.#channel.hasBegun(seq);
  }

  /** When a job that the worker has begun began, in ms of `now()`. */
  begunAtMs(seq: number): number {
    return this.#channel.begunAtMs(seq);
  }

  /** Sends a job without publishing it: see `JobChannel.send`. */
  send(job: J, plannedTicks: number): boolean {
    return this.#channel.send(job, plannedTicks);
  }

  /** Publishes what was sent, and wakes the thread if it sleeps. */
  publish(): PublishOutcome {
    return this.#channel.publish();
  }

  /** Like `publish`, but leaves a thread that will soon check by itself asleep until the next `publish`. */
  publishEarly(): PublishOutcome {
    return this.#channel.publishEarly();
  }

  /** Reads up to `max` entries and passes them to the sink; returns how many. */
  drain(max: number): number {
    return this.#channel.drain(max);
  }

  /** Asks a job to stop: either the job never starts, or it sees its flag raised, or it has already ended. */
  cancel(job: J, reason: unknown): WithdrawOutcome {
    return this.#channel.cancel(job, reason);
  }

  announceStarts(): void {
    Atomics.store(this.#connection.memory.control, Control.ANNOUNCE_STARTS, 1);
  }

  /** A job here waits for children. */
  suspend(job: J): void {
    this.#channel.suspend(job);
  }

  /** A job here no longer waits for children. */
  resume(job: J): void {
    this.#channel.resume(job);
  }

  post(message: RegistryMessage | ToWorker): void {
    this.#control.post(message);
  }

  linked(port: MessagePort): void {
    this.lifecycle.ports.link(port);
  }

  lent(port: MessagePort): void {
    this.lifecycle.ports.lend(port);
  }

  /** Asks whether the event loop turns in which its jobs run. The reply sets `hasReplied` and calls `replied`. */
  ping(replied: () => void = () => {}): void {
    this.#control.ping(replied);
  }

  /** Whether the worker has replied to the last `ping`. */
  get hasReplied(): boolean {
    return this.#control.hasReplied;
  }

  /** Has its child process profile the thread that runs the jobs. Resolves when that begins, or with the profile. */
  profile(step: ProfileStep): Promise<ThreadProfile | undefined> {
    return this.#control.profile(step);
  }

  /** Reads the heap of its thread: `undefined` if its jobs run elsewhere, or the thread is ending. */
  heapSnapshot(): Promise<Readable | undefined> {
    return this.#thread.heapSnapshot();
  }

  /** Has the worker run a hook, behind those that wait. It takes no jobs until all have ended. */
  addHook(hook: Hook): void {
    this.lifecycle.addHook(hook);
  }

  /** Ends a worker that cannot take jobs, as a hook failed that was to precede them. `workerExited` follows. */
  failStart(fault: string, cause: unknown): void {
    this.lifecycle.failStart(fault, cause);
  }

  /** Sends no more jobs, gives up `job`, which does not stop, and ends the worker once its other jobs have ended. */
  retire(why: WorkerEnd, job?: J): void {
    if (this.lifecycle.retire(why) === 'refused') return;
    if (job !== undefined) this.#channel.giveUp(job);
    if (this.inFlight.size === 0) this.lifecycle.jobsEnded();
  }

  /**
   * Ends a worker without jobs in order: its streams and hooks end, then its teardown runs. If there is nothing to run, or the
   * grace is over, the thread is ended. `workerExited` follows.
   */
  end(why: WorkerEnd): void {
    this.lifecycle.end(why);
  }

  /** Ends the thread at once, whatever runs on it. `workerExited` follows. */
  terminate(why: WorkerEnd): void {
    this.lifecycle.terminate(why);
  }

  /** Ends its child process. For the exit of this process, in which no event loop turns any more. */
  endProcess(): void {
    if (this.isOpen) this.#thread.endProcess();
  }

  /** Blocks until its child process has exited, or `timeoutMs` have passed. */
  awaitProcessEnd(timeoutMs: number): void {
    if (this.isOpen) this.#thread.awaitProcessEnd(timeoutMs);
  }

  #ready(): void {
    this.#channel.progressAtMs = this.lifecycle.readyAtMs;
    this.#events.workerReady(this);
  }

  /** The worker may be unused from now on. */
  #unlinked(): void {
    if (!this.isUnused) return;
    this.#channel.progressAtMs = now();
    this.#events.hooksEnded(this);
  }

  #exited(exitCode: number): void {
    const { wakeup, payload } = this.#connection;
    if (this.lifecycle.exit() === 'refused') return;
    this.#messages.readLast();
    const exit = this.lifecycle.exitWith(exitCode, this.wasUp);
    this.lifecycle.hooks.abandon(exit);
    const threads = threadsUnder(wakeup);
    threadGone(this, threads);
    freeWakeups(threads);
    wakeAll();
    this.#events.workerExited(this, exit);
    this.#control.close();
    payload.close();
    // ports of an ended thread close by themselves, after what came by them; those of an inline loop stay open
    if (this.#thread.isInline) this.lifecycle.ports.closeLinks();
  }
}
