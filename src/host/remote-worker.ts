import { MessageChannel, type MessagePort, receiveMessageOnPort, threadId, type Worker } from 'node:worker_threads';
import { acquire } from '../base/acquire.js';
import { has } from '../base/bare.js';
import { nextTick, now } from '../base/clock.js';
import { type InFlightJob, kindOf, placeOf, seqOf, setPlace } from '../base/in-flight-job.js';
import { nestingDepth } from '../base/nesting.js';
import { RareMap } from '../base/rare-map.js';
import { type StopTimer, startTimer } from '../base/timer.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Printed } from '../contract/printed.js';
import type { ProfileStep, ThreadProfile } from '../contract/thread-profile.js';
import { type Peer, type RegistryMessage, receive, threadGone, threadStarted } from '../sync/sharing/registry.js';
import { claimWakeup, freeWakeups, ring, ringAll, threadsUnder, wakeupTable } from '../sync/waiting/wakeup.js';
import { Control, createMemory, MASK, Parked } from '../wire/lane/layout.js';
import { SlotTable } from '../wire/lane/slot-table.js';
import { decodeError, encodeError, packReason, unpackReason } from '../wire/message/error-codec.js';
import { PayloadPort } from '../wire/message/payload-port.js';
import { DOORBELL, type FromWorker, type ToWorker, type WorkerInit } from '../wire/message/protocol.js';
import { ValueChannel } from '../wire/message/value-channel.js';
import { type Hook, HookQueue, isHookReply } from './hook-queue.js';
import { InFlight } from './in-flight.js';
import { RequestLane } from './request-lane.js';
import { ResultLane, type ResultReader, type StoppedEnd, type Thrown } from './result-lane.js';
import type { ThreadExit } from './thread-exit.js';
import { TieredInFlight } from './tiered-in-flight.js';
import type { CancelOutcome, WorkerSettings, WorkerState } from './worker-settings.js';

/** What a worker tells of the jobs it was sent. */
export interface JobSink<J extends InFlightJob> {
  jobStarted(worker: RemoteWorker<J>, job: J): void;
  jobFailedToStart(job: J, thrown: Thrown): void;
  jobReported(job: J, value: unknown): void;
  jobReturned(worker: RemoteWorker<J>, job: J, value: unknown): void;
  jobThrew(worker: RemoteWorker<J>, job: J, thrown: Thrown): void;
  jobStopped(worker: RemoteWorker<J>, job: J, end: StoppedEnd): void;
}

/** What a job keeps of a run: one object serves all jobs that are alike in it. */
export interface Run {
  readonly workerId: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** As a job's place: nothing runs there any more. */
  hasBegun(): boolean;
}

/** What happens to a worker, told in the event loop. */
export interface WorkerEvents<J extends InFlightJob> {
  workerReady(worker: RemoteWorker<J>): void;
  /** A worker that is ready has run its hooks: it takes jobs again. */
  hooksEnded(worker: RemoteWorker<J>): void;
  /** Results wait in some worker's lane. */
  workerRang(): void;
  workerExited(worker: RemoteWorker<J>, exit: ThreadExit): void;
  ownTokenCancelled(job: J, reason: unknown): void;
  /** A job's code submits a child. */
  childAsked(worker: RemoteWorker<J>, parent: J, asked: ChildSubmission): void;
  /** Its thread blocks, by the code of that job where one is known, to wait for another. */
  workerBlocked(worker: RemoteWorker<J>, job: J | undefined): void;
  /** A job's code awaits something while it has children. */
  parentSuspended(worker: RemoteWorker<J>, parent: J): void;
  /** A job's code cancels a child. */
  childCancelled(worker: RemoteWorker<J>, child: number, reason: unknown): void;
  /** A token that this thread shares was cancelled by a job's code; `spread` tells it to all who depend on it. */
  sharedCancelled(by: J | undefined, spread: () => void): void;
  lateError(error: Error, jobId: number | undefined): void;
  /** Its code has written to stdout or stderr. */
  printed(worker: RemoteWorker<J>, printed: readonly Printed[]): void;
}

/** As the time at which an idle worker was given its first job, until that is published: it cannot be overdue. */
const NOT_PUBLISHED = Number.POSITIVE_INFINITY;
/** A thread that starts reads its lane only then: so many entries are written at most. */
const EARLY_ENTRIES = 64;
/** So long the end of a child process is waited for, at most. */
const PROCESS_END_MS = 5_000;
/** ts-node registered in process leaves its service here. */
const TS_NODE = Symbol.for('ts-node.register.instance');

/** One worker seen from outside: its thread, its lanes, and the jobs that were sent to it. */
export class RemoteWorker<J extends InFlightJob> implements ResultReader, Peer {
  readonly sharesMemory = true;
  readonly workerId: number;
  /** As a job's place: it is past no run. */
  readonly attempt = 0;
  readonly concurrency: number;
  readonly inFlight: InFlight<J>;
  readonly results: ResultLane;
  /** When it was last seen to get on: its first job was published, or it answered. In ms of `now()`. */
  progressAtMs = 0;
  /** What `inFlight.firstWaiting` was when it was last looked at, to see whether the worker gets on. */
  watchedSeq = -1;
  /** Jobs whose code ended here, and how long they ran. */
  jobsRun = 0;
  busyTicks = 0;
  /** In ms of `now()`; 0 until then. */
  readyAtMs = 0;
  /** The pool has ended its thread, or is ending it: it did not die by itself. */
  wasEnded = false;
  /** What it runs when it ends in order. */
  teardown: Hook | undefined;
  /** Its loop has failed, or its lane cannot be read any further: its thread ends. */
  isBroken = false;
  /** It has answered the last `ping`. */
  hasAnswered = false;
  /** Why its thread is being ended, where a job is to blame. */
  endCause: unknown;
  /** Why the pool has ended its thread. */
  endReason = '';
  /** In ms of `now()`. */
  readonly startedAtMs: number = now();
  readonly #memory = createMemory();
  readonly #slots = new SlotTable(this.#memory.slots);
  readonly #requests: RequestLane;
  readonly #thread: Worker;
  readonly #bell = claimWakeup();
  readonly #control: MessagePort;
  readonly #payload: MessagePort;
  readonly #events: WorkerEvents<J>;
  readonly #sink: JobSink<J>;
  /** A task that nobody can submit any more, such as a closure that is gone, leaves the worker too (I9). */
  readonly #forgetTask = new FinalizationRegistry<number>((id) => {
    if (this.isOpen) this.tell({ kind: 'task-gone', id });
  });
  readonly #runs: Run[] = [];
  readonly #values: ValueChannel;
  /** Of the jobs here, those that wait for children: they hold no place. */
  readonly #suspended = new RareMap<J, true>();
  readonly #hooks: HookQueue;
  /** This side's ends of the streams that go on between its thread and this one. */
  readonly #links = new Set<MessagePort>();
  /** How many ports, moved to this thread by its jobs, are open. Nobody can tell when one is done: an end in order waits for none. */
  #lent = 0;
  readonly #graceMs: number;
  #stopGrace: StopTimer = () => {};
  #state: WorkerState = 'starting';
  #isSpare = false;
  /** Kept, as every dispatch asks for it. */
  #isReady = false;
  /** As well, for every answer. */
  #isRetiring = false;
  /** How many of the hooks that come before its first job it has not been given yet. */
  #hooksFirst: number;
  /** It was given others while it started: it takes no jobs before it is ready. */
  #hasLateHooks = false;
  #startFault: string | undefined;
  #isHeld = false;
  #answered = (): void => {};
  #error: unknown;
  readonly #hasProcess: boolean;
  /** What jobs here have reported that could not be read, by their slots: they fail by it once their code has ended. */
  readonly #unread = new RareMap<number, Error>();
  /** Who waits for its child process to profile. */
  readonly #profiles: ((profile: ThreadProfile | undefined) => void)[] = [];
  /** Of its child process. */
  #exitCode: number | undefined;

  constructor(thread: Worker, settings: WorkerSettings, told: { events: WorkerEvents<J>; sink: JobSink<J> }) {
    this.workerId = settings.workerId;
    this.concurrency = settings.concurrency;
    this.inFlight =
      settings.tiers === undefined ? new InFlight(this.#slots) : new TieredInFlight(this.#slots, settings.tiers);
    this.#graceMs = settings.graceMs ?? 0;
    this.#hooksFirst = settings.hooksFirst ?? 0;
    this.#events = told.events;
    this.#sink = told.sink;
    this.#thread = thread;
    this.#hasProcess = settings.process !== undefined;
    const control = new MessageChannel();
    const payload = new MessageChannel();
    this.#control = control.port1;
    this.#payload = payload.port1;
    const port = new PayloadPort(payload.port1, this);
    this.#requests = new RequestLane(this.#memory, port, (number) => {
      if (this.isOpen) this.tell({ kind: 'memory-gone', number });
    });
    this.results = new ResultLane(this.#memory, payload.port1, port);
    const values = new ValueChannel((message) => this.tell(message), this);
    this.#values = values;
    this.#hooks = new HookQueue({
      values,
      tell: (message) => this.#tellAwake(message),
      hooksEnded: () => this.#hooksEnded(),
    });
    const init: WorkerInit = {
      kind: 'thread-system-init',
      workerId: this.workerId,
      concurrency: settings.concurrency,
      memory: this.#memory,
      poolWord: settings.poolWord,
      bells: wakeupTable(),
      bell: this.#bell,
      control: control.port2,
      payload: payload.port2,
      isTsNodeRegistered: settings.isTsNodeRegistered ?? TS_NODE in process,
      hooksFirst: settings.hooksFirst ?? 0,
      process: settings.process,
      depth: settings.depth ?? nestingDepth() + 1,
      notesBegins: settings.notesBegins ?? false,
      printed: settings.printed,
    };
    acquire((own) => {
      own(this.#bell, (bell) => freeWakeups([bell]));
      for (const port of [this.#control, this.#payload]) own(port, () => port.close());
      thread.postMessage(init, [control.port2, payload.port2]);
    });
    this.#listen();
    threadStarted(this);
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Whether it takes jobs. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** It takes no jobs yet: it is there for when another has to be ended. */
  get isSpare(): boolean {
    return this.#isSpare;
  }

  set isSpare(isSpare: boolean) {
    this.#isSpare = isSpare;
    this.#look();
  }

  /** Whether it will soon be free: it starts and was sent nothing, or runs a hook. */
  get isComing(): boolean {
    return (
      (this.#state === 'starting' && this.inFlight.taken === 0) ||
      (this.#state === 'ready' && !this.#hooks.isEmpty && this.#hasPlace())
    );
  }

  /** Whether a job sent now would begin at once. */
  get isFree(): boolean {
    return this.isReady && this.#hasPlace() && (this.isIdle || !this.isHeld) && !this.isBlocked;
  }

  /** Whether its thread blocks at this moment, as code on it waits for another thread. */
  get isBlocked(): boolean {
    return Atomics.load(this.#memory.control, Control.PARKED) === Parked.BLOCKED;
  }

  /** Whether its thread takes jobs, or did, whether or not it was heard to. */
  get wasUp(): boolean {
    return Atomics.load(this.#memory.control, Control.IS_UP) === 1;
  }

  /**
   * Whether it starts, and would begin a job sent now as soon as it is up: its thread reads the lane without a word from this
   * one, so that it begins although this one may be busy by then.
   */
  get takesEarly(): boolean {
    return (
      this.#state === 'starting' &&
      !this.#isSpare &&
      !this.#hasLateHooks &&
      this.#hasPlace() &&
      this.#requests.nextSeq < EARLY_ENTRIES
    );
  }

  #hasPlace(): boolean {
    return this.placesTaken < this.concurrency;
  }

  /** How many of its places are taken, or are to be by jobs sent ahead. */
  get placesTaken(): number {
    return this.inFlight.taken - this.#suspended.size;
  }

  /** A job here waits for children, or does not any more. */
  suspend(job: J, isSuspended: boolean): void {
    if (!isSuspended) this.#suspended.delete(job);
    else if (placeOf(job) === this) this.#suspended.set(job, true);
  }

  /** Tells the code of a child's parent how the child ended. */
  tellChildEnd(child: number, end: { readonly value: unknown } | { readonly error: unknown }): void {
    if (!this.isOpen) return;
    let { error } = end as { readonly error?: unknown };
    if (has(end, 'value')) {
      try {
        this.tell({ kind: 'child-ended', child, tag: this.#values.send(end.value, 'result') });
        return;
      } catch (fault) {
        error = fault;
      }
    }
    this.tell({ kind: 'child-failed', child, error: encodeError(error) });
  }

  /**
   * Whether nothing may be sent here, as what runs here runs far longer than expected. Until one of its jobs ends, or the
   * worker reads its lane again: then it was only slow, or its open jobs leave it time. Or until it is sent a job while it
   * has none. So nothing that can be taken back waits at one that is held.
   */
  get isHeld(): boolean {
    if (this.#isHeld && this.#requests.isRead) this.#isHeld = false;
    return this.#isHeld;
  }

  hold(): void {
    this.#isHeld = true;
  }

  get isIdle(): boolean {
    return this.isReady && this.inFlight.taken === 0;
  }

  /** Whether it is idle, and nothing of its jobs goes on. */
  get isUnused(): boolean {
    return this.isIdle && this.#links.size === 0 && this.#lent === 0;
  }

  /** A stream that a job was given, or has returned, goes on: the thread is needed. */
  linked(port: MessagePort): void {
    this.#links.add(port);
    port.on('close', () => {
      this.#links.delete(port);
      if (this.#links.size > 0) return;
      if (this.#state === 'closing') this.#goOnClosing();
      else this.#linkEnded();
    });
  }

  lent(port: MessagePort): void {
    this.#lent++;
    const ended = (): void => {
      this.#lent--;
      this.#linkEnded();
    };
    port.once('close', ended);
  }

  /** It may be unused now: since now. */
  #linkEnded(): void {
    if (!this.isUnused) return;
    this.progressAtMs = now();
    this.#events.hooksEnded(this);
  }

  /** Whether the job sent last took long to send: its values went by message. */
  get hasSentSlowly(): boolean {
    return this.#requests.isByMessage;
  }

  /** Whether the lane has room for a job. */
  get hasRoom(): boolean {
    return this.#requests.hasRoom(2);
  }

  /** Whether its jobs run, and nobody is ending its thread. */
  get isRunning(): boolean {
    return this.#state === 'ready' || this.#state === 'retiring';
  }

  get isOpen(): boolean {
    return this.#state !== 'exited';
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  /** What a job keeps of the attempt that began here. */
  run(attempt: number): Run {
    const known = this.#runs[attempt];
    if (known !== undefined) return known;
    const run = { workerId: this.workerId, attempt, hasBegun: () => false };
    this.#runs[attempt] = run;
    return run;
  }

  /** Whether the worker has begun a job it was sent. */
  hasBegun(seq: number): boolean {
    return !this.#slots.isWaiting(seq);
  }

  /**
   * Sends a job, not yet published. False when the lane has no room. It has its seat before it is written: where that runs
   * foreign code by which it is cancelled, it is taken back as ever, and the worker will pass over what was written.
   *
   * @param plannedTicks what it is expected to take.
   * @throws {NotCloneableError} when an argument cannot cross; nothing is written then, and the job still has its seat.
   */
  send(job: J, plannedTicks: number): boolean {
    const requests = this.#requests;
    if (!requests.hasRoom(2)) return false;
    const { task } = kindOf(job);
    if (requests.define(task)) this.#forgetTask.register(task, task.id);
    while (this.inFlight.isTaken(requests.nextSeq)) {
      if (!requests.hasRoom(2)) return false;
      requests.skip();
    }
    if (this.inFlight.taken === 0) this.#beginAnew();
    const seq = requests.nextSeq;
    setPlace(job, this);
    this.inFlight.take(job, seq, plannedTicks);
    requests.write(job);
    this.inFlight.sent(job, seq);
    return true;
  }

  /** It is sent a job and has no other: whatever it was held for has left it. */
  #beginAnew(): void {
    this.progressAtMs = NOT_PUBLISHED;
    this.#isHeld = false;
  }

  /** Makes what was sent visible, and wakes the thread where it sleeps. Answers whether it blocks, and will not take it. */
  publish(): boolean {
    if (this.progressAtMs === NOT_PUBLISHED) this.progressAtMs = now();
    const parked = this.#requests.publish();
    if (parked === Parked.NO) return false;
    if (parked === Parked.BLOCKED) return true;
    const { control } = this.#memory;
    if (parked === Parked.IN_WAIT) Atomics.notify(control, Control.REQUEST_TAIL, 1);
    else if (Atomics.compareExchange(control, Control.PARKED, parked, Parked.NO) === parked)
      this.#control.postMessage(DOORBELL);
    return false;
  }

  /** Reads up to `max` answers and tells the sink; returns how many. */
  drain(max: number): number {
    const count = this.results.read(max, this);
    if (count > 0) this.progressAtMs = now();
    return count;
  }

  /** Asks a job to stop: it either never starts, or sees its flag raised, or has ended. No further case. */
  cancel(job: J, reason: unknown): CancelOutcome {
    if (this.inFlight.takeBackOne(job)) return 'taken back';
    const seq = seqOf(job);
    if (!this.#slots.cancel(seq)) return this.#slots.isCancelling(seq) ? 'asked before' : 'too late';
    ring(this.#bell);
    this.tell({ kind: 'job-cancelled', seq, reason });
    return 'asked';
  }

  announceStarts(): void {
    Atomics.store(this.#memory.control, Control.ANNOUNCE_STARTS, 1);
  }

  /** Asks whether the event loop turns in which its jobs run: sets `hasAnswered`, and calls `answered`. */
  ping(answered: () => void = () => {}): void {
    this.hasAnswered = false;
    this.#answered = answered;
    this.tell({ kind: 'ping' });
  }

  /** Has its child process profile what runs there. Resolves when that begins, or with what was seen. */
  profile(step: ProfileStep): Promise<ThreadProfile | undefined> {
    if (!this.isOpen) return Promise.resolve(undefined);
    this.tell({ kind: 'profile', step });
    return new Promise((resolve) => this.#profiles.push(resolve));
  }

  /** Takes no more jobs, gives up `job`, which does not stop, and ends once its other jobs have ended. */
  retire(reason: string, job?: J): void {
    if (this.#isBeingEnded()) return;
    this.#moveTo('retiring');
    this.endReason = reason;
    if (job !== undefined) this.inFlight.release(seqOf(job) & MASK);
    this.#endIfRetired();
  }

  /** Has it run a hook, behind those that it has. It takes no jobs until all have ended. */
  do(hook: Hook): void {
    if (this.#hooksFirst > 0) this.#hooksFirst--;
    else this.#hasLateHooks = true;
    this.#hooks.add(hook);
    this.#look();
  }

  /** It cannot take jobs, as a hook failed that was to come first: ends the thread. `workerExited` follows. */
  failStart(fault: string, cause: unknown): void {
    if (this.#state !== 'starting') return;
    this.#startFault = fault;
    this.endCause = cause;
    this.#endThread();
  }

  /**
   * Ends a worker that has no jobs in order: its streams and its hooks end, then it runs its teardown. Past the grace, or where there is
   * nothing to run, its thread is ended. `workerExited` follows.
   */
  end(reason: string): void {
    if (this.#isBeingEnded()) return;
    const isSetUp = this.readyAtMs > 0 || this.teardown !== undefined;
    const hasHooks = this.#hooks.isOpen && isSetUp && (this.teardown !== undefined || !this.#hooks.isEmpty);
    if ((!hasHooks && this.#links.size === 0) || this.#graceMs === 0) {
      this.terminate(reason);
      return;
    }
    this.wasEnded = true;
    this.endReason = reason;
    this.#moveTo('closing');
    this.#stopGrace = startTimer(this.#graceMs, () => this.#endLate(), { keepsProcess: false });
    this.#goOnClosing();
  }

  /** Its streams first, then its hooks, the teardown last. */
  #goOnClosing(): void {
    if (this.#links.size > 0) return;
    const { teardown } = this;
    this.teardown = undefined;
    if (teardown !== undefined && this.#hooks.isOpen) this.#hooks.add(teardown);
    else if (this.#hooks.isEmpty) this.terminate(this.endReason);
  }

  /** Ends the thread at once, whatever runs on it. `workerExited` follows. */
  terminate(reason: string): void {
    if (this.#state === 'ending' || this.#state === 'exited') return;
    this.endReason = reason;
    this.wasEnded = true;
    this.#endThread();
  }

  #endLate(): void {
    if (this.#state !== 'closing') return;
    const fault = `did not end in order within ${this.#graceMs} ms`;
    this.endCause = new Error(`Worker ${this.workerId} ${fault}`);
    this.terminate(`it ${fault}`);
  }

  #isBeingEnded(): boolean {
    return this.#state === 'closing' || this.#state === 'ending' || this.#state === 'exited';
  }

  #moveTo(state: WorkerState): void {
    this.#state = state;
    this.#look();
  }

  #look(): void {
    this.#isRetiring = this.#state === 'retiring';
    this.#isReady = this.#state === 'ready' && !this.#isSpare && this.#hooks.isEmpty;
  }

  #endThread(): void {
    this.#moveTo('ending');
    this.#hooks.close();
    if (!this.#hasProcess) {
      void this.#thread.terminate();
      return;
    }
    // the thread ends after the process: nobody else hears of its end, so that it would stay as a zombie
    this.tell({ kind: 'end-process' });
    startTimer(PROCESS_END_MS, () => void this.#thread.terminate(), { keepsProcess: false });
  }

  /** Has its child process end. For when this process exits, and no event loop turns here any more. */
  endProcess(): void {
    if (this.isOpen) this.tell({ kind: 'end-process' });
  }

  /** Blocks until its child process has ended, or `timeoutMs` have passed. */
  awaitProcessEnd(timeoutMs: number): void {
    if (this.isOpen) Atomics.wait(this.#memory.control, Control.PROCESS_ENDED, 0, timeoutMs);
  }

  tell(message: RegistryMessage | ToWorker): void {
    this.#control.postMessage(packReason(message));
  }

  started(slot: number): void {
    const job = this.inFlight.inSlot(slot);
    if (job !== undefined) this.#sink.jobStarted(this, job);
  }

  failedToStart(slot: number, thrown: Thrown): void {
    this.#isHeld = false;
    const job = this.inFlight.release(slot);
    this.#endIfRetired();
    if (job !== undefined) this.#sink.jobFailedToStart(job, thrown);
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

  suspended(slot: number): void {
    const parent = this.inFlight.inSlot(slot);
    if (parent !== undefined) this.#events.parentSuspended(this, parent);
  }

  blocked(slot: number): void {
    this.#events.workerBlocked(this, this.inFlight.inSlot(slot));
  }

  asked(slot: number, child: ChildSubmission): void {
    const parent = this.inFlight.inSlot(slot);
    if (parent !== undefined) this.#events.childAsked(this, parent, child);
    else this.tellChildEnd(child.child, { error: new Error('The job that submitted it was given up') });
  }

  childLost(_slot: number, child: number, error: Error): void {
    this.tellChildEnd(child, { error });
  }

  broke(cause: unknown): void {
    this.#error ??= cause;
    this.isBroken = true;
    if (this.isOpen) this.#endThread();
  }

  returned(slot: number, value: unknown): void {
    const error = this.#unread.get(slot);
    const job = this.#ended(slot);
    if (job === undefined) return;
    if (error === undefined) this.#sink.jobReturned(this, job, value);
    else this.#sink.jobThrew(this, job, { error, isCancelled: false });
  }

  threw(slot: number, thrown: Thrown): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobThrew(this, job, thrown);
  }

  stopped(slot: number, end: StoppedEnd): void {
    const job = this.#ended(slot);
    if (job !== undefined) this.#sink.jobStopped(this, job, end);
  }

  printed(printed: readonly Printed[]): void {
    this.#events.printed(this, printed);
  }

  #ended(slot: number): J | undefined {
    this.#isHeld = false;
    this.jobsRun++;
    this.busyTicks += this.results.runTicks;
    const job = this.inFlight.release(slot);
    if (job !== undefined) this.#suspended.delete(job);
    this.#unread.delete(slot);
    this.#endIfRetired();
    return job;
  }

  #endIfRetired(): void {
    if (this.#isRetiring && this.inFlight.taken === 0) this.end(this.endReason);
  }

  /** One that lingers, blocking for jobs, turns to its event loop. */
  #tellAwake(message: ToWorker): void {
    this.tell(message);
    Atomics.notify(this.#memory.control, Control.REQUEST_TAIL, 1);
  }

  #hooksEnded(): void {
    switch (this.#state) {
      case 'starting':
        this.#moveTo('ready');
        this.readyAtMs = now();
        this.progressAtMs = this.readyAtMs;
        this.#events.workerReady(this);
        break;
      case 'ready':
        this.#look();
        this.#events.hooksEnded(this);
        break;
      case 'closing':
        this.#goOnClosing();
        break;
      case 'retiring':
      case 'ending':
      case 'exited':
        break;
    }
  }

  #listen(): void {
    this.#control.on('message', (message: FromWorker) => this.#onMessage(message));
    this.#control.on('messageerror', (cause: unknown) => this.#values.failed(cause));
    this.#control.unref();
    this.#payload.unref();
    this.#thread.unref();
    // before whoever has listeners at a thread of the option `worker`: one that throws keeps those behind it from hearing
    this.#thread.prependListener('error', (error: unknown) => {
      this.#error ??= error; // 'exit' always follows; the jobs are settled there
    });
    this.#thread.prependListener('exit', this.#onExit);
    this.#thread.on('newListener', (event: string | symbol, listener: unknown) => {
      if (event === 'exit' && listener !== this.#onExit) nextTick(() => this.#hearFirst());
    });
  }

  #hearFirst(): void {
    if (!this.isOpen) return;
    this.#thread.off('exit', this.#onExit);
    this.#thread.prependListener('exit', this.#onExit);
  }

  readonly #onExit = (exitCode: number): void => {
    this.#stopGrace();
    this.#moveTo('exited');
    this.#hearLast();
    const exit = {
      exitCode: this.#exitCode ?? exitCode,
      cause: this.endCause ?? this.#error,
      startFault: this.#startFault,
    };
    this.#hooks.abandon(exit);
    const threads = threadsUnder(this.#bell);
    threadGone(this, threads);
    freeWakeups(threads);
    ringAll();
    this.#events.workerExited(this, exit);
    for (const resolve of this.#profiles.splice(0)) resolve(undefined);
    this.#control.close();
    this.#payload.close();
    // those of a thread that is gone close by themselves, behind what came by them; one that was none has left them open
    if (this.#thread.threadId === threadId) for (const port of this.#links) port.close();
  };

  /** What the thread has still said before it ended: how its hook ended, and why its loop failed. */
  #hearLast(): void {
    this.#hooks.close();
    for (let message = this.#receive(); message !== undefined; message = this.#receive()) {
      if (message === DOORBELL) continue;
      if (isHookReply(message)) {
        this.drain(Number.POSITIVE_INFINITY);
        this.#hooks.hear(message);
      } else if (message.kind === 'broken') this.#onMessage(message);
    }
  }

  /** The next of the messages that have come already. */
  #receive(): FromWorker | undefined {
    for (;;) {
      try {
        return (receiveMessageOnPort(this.#control) as { readonly message: FromWorker } | undefined)?.message;
      } catch (cause) {
        this.#values.failed(cause); // it cannot be read: the one after it refers to it
      }
    }
  }

  #onMessage(packed: FromWorker): void {
    if (packed === DOORBELL) {
      this.#events.workerRang();
      return;
    }
    const message = unpackReason(packed);
    switch (message.kind) {
      case 'ready':
        this.#hooks.open();
        break;
      case 'value':
      case 'hook-begun':
        this.#hooks.hear(message);
        break;
      case 'hook-returned':
      case 'hook-threw':
        this.drain(Number.POSITIVE_INFINITY); // what the hook has printed comes by the lane
        this.#events.workerRang();
        this.#hooks.hear(message);
        break;
      case 'token-asked':
      case 'copies-gone':
        receive(message, this);
        break;
      case 'token-cancelled': {
        const by = message.by === undefined ? undefined : this.inFlight.find(message.by);
        this.#events.sharedCancelled(by, () => receive(message, this));
        break;
      }
      case 'child-cancelled':
        this.#events.childCancelled(this, message.child, message.reason);
        break;
      case 'broken':
        this.broke(decodeError(message.error));
        break;
      case 'process-ended':
        this.#exitCode = message.exitCode;
        if (message.cause !== undefined) this.#error = decodeError(message.cause);
        void this.#thread.terminate();
        break;
      case 'pong':
        this.hasAnswered = true;
        this.#answered();
        break;
      case 'profiled':
        this.#profiles.shift()?.(message.profile);
        break;
      case 'late-error':
        this.#events.lateError(decodeError(message.error), message.jobId);
        break;
    }
  }
}
