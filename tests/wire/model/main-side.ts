import { equal } from 'node:assert/strict';
import type { ResultLane } from '../../../build/host/result-lane.js';
import { END, type ModelJob, type WorkerSide, type World } from './world.ts';

type JobChannel = import('../../../build/host/job-channel.js').JobChannel<ModelJob, WorkerOfMain>;
type Pacer = import('../../../build/core/dispatch/pacer.js').Pacer;

const FIRST_RANK = { urgency: Number.POSITIVE_INFINITY, order: 0 };
const ORIGIN = {
  kind: 'inline',
  name: 'task',
  text: 'function (n) { return globalThis.heartTask.call(this, n); }',
  each: false,
};
const KIND = { task: { id: 1, origin: ORIGIN }, priority: 0, urgency: 0 };
/** A look at the clock takes so long: main soon stops to linger. */
const LOOK_MS = 0.06;

/** How long a job is expected to run: so that main lingers for it, waits to be rung, or waits for its timer. */
export const SHORT = 1;
export const MEDIUM = 1e6;
export const LONG = 1e9;

/** A worker as main has it. */
interface WorkerOfMain {
  readonly isOpen: boolean;
  readonly sharesMemory: boolean;
  readonly side: WorkerSide;
  readonly channel: JobChannel;
  readonly results: ResultLane;
  readonly inFlight: JobChannel['inFlight'];
  post(message: unknown): void;
  drain(max: number): number;
}

export interface MainOptions {
  readonly plannedTicks?: number;
  /** Is it published by itself? */
  readonly isUrgent?: (job: ModelJob) => boolean;
  /** May jobs be sent? Asked again whenever main looks. */
  readonly maySend?: (job: ModelJob, worker: number) => boolean;
}

/** The pool's thread: its queue is a list, what it does with the memory and the ports is the library's. */
export class MainSide {
  readonly workers: WorkerOfMain[];
  readonly pacer: Pacer;
  /** How each job has settled, in a word or two. */
  readonly settled = new Map<number, string>();
  readonly started = new Set<number>();
  readonly reported: unknown[] = [];
  /** Called when a job has settled, and when what may be sent has been. */
  settledNow = (): void => {};
  fed = (): void => {};
  readonly #world: World;
  readonly #options: MainOptions;
  readonly #queue: ModelJob[] = [];
  #jobs = 0;
  #clockMs = 0;

  constructor(world: World, options: MainOptions = {}) {
    this.#world = world;
    this.#options = options;
    const { heart } = world;
    heart.joinWakeups(world.wakeups, 0);
    const parking = new heart.MainParking();
    Object.assign(parking, { word: world.poolWord });
    this.workers = world.workers.map((side) => this.#makeWorker(side));
    const main = this;
    this.pacer = new heart.Pacer({
      ledger: {
        refreshClock: () => this.#lookAtClock(),
        get unsettled() {
          return main.#jobs - main.settled.size;
        },
      },
      dispatcher: {
        get isFeedable() {
          return main.#queue.length > 0;
        },
        get queue() {
          return { size: main.#queue.length };
        },
        takeUrgentSettled: () => false,
        updateEarlyAbove: () => {},
        feed: () => this.#feed(),
      },
      backlog: {
        wantedWorkers: 0,
        get needsWatching() {
          return (
            main.#queue.length > 0 && main.workers.some((worker) => !worker.channel.hasRoom || main.#isBlocked(worker))
          );
        },
        get longestMs() {
          return main.workers.some(({ inFlight }) => inFlight.backlogTicks >= LONG) ? 1000 : 0;
        },
      },
      balance: { share: () => false, recallStuck: () => {} },
      direct: { publish: () => {} },
      workers: { all: this.workers, start: () => {} },
      reaper: { watch: () => {} },
      parking,
    } as never);
  }

  submit(...values: readonly (readonly unknown[])[]): ModelJob[] {
    return values.map((args) => {
      const id = ++this.#jobs;
      const job: ModelJob = { id, kind: KIND, args, order: id, owner: undefined, seq: 0 };
      if (this.#queue.length === 0) this.pacer.beginBatch();
      this.#queue.push(job);
      return job;
    });
  }

  isQueued(id: number): boolean {
    return this.#queue.some((job) => job.id === id);
  }

  /** Reads answers until so many jobs have settled; then the workers end. */
  finish(jobs: number): string {
    this.#world.turn(() => this.settled.size === jobs);
    for (const { side, inFlight } of this.workers) {
      equal(inFlight.size, 0, 'jobs in flight at the end');
      side.controlOfMain.postMessage(END);
    }
    return [...this.settled].map(([id, how]) => `${id} ${how}`).join(', ');
  }

  /** Asks a job to stop, as the pool does. */
  cancel(job: ModelJob): string {
    const queued = this.#queue.indexOf(job);
    if (queued >= 0) {
      this.#queue.splice(queued, 1);
      this.settle(job, 'cancelled in the queue');
      return 'queued';
    }
    const worker = job.owner as WorkerOfMain;
    const outcome = worker.channel.cancel(job, 'why');
    if (outcome === 'taken back') this.settle(job, 'taken back');
    return outcome;
  }

  /** What waits at a worker returns to its positions in the queue. */
  recall({ inFlight }: WorkerOfMain): void {
    this.#requeue(inFlight.takeBack(FIRST_RANK, Number.POSITIVE_INFINITY));
  }

  settle(job: ModelJob, how: string): void {
    equal(this.settled.get(job.id), undefined, `job ${job.id} settles again: ${how}`);
    this.settled.set(job.id, how);
    this.settledNow();
  }

  /** The worker's thread has ended: as `RemoteWorker` and `WorkerRecovery` do it. */
  workerExited(index: number): void {
    const worker = this.workers[index] as WorkerOfMain;
    while (this.#world.model.receive(worker.side.controlOfMain.inbox) !== undefined);
    worker.drain(Number.POSITIVE_INFINITY);
    this.workers.splice(index, 1);
    const { begun, cancelling, waiting } = worker.inFlight.abandon();
    for (const job of cancelling) this.settle(job, 'lost as it was to stop');
    for (const job of begun) this.settle(job, 'lost');
    if (this.workers.length > 0) this.#requeue(waiting);
    else for (const job of waiting) this.settle(job, 'not begun');
    this.pacer.pump();
    this.pacer.drain();
  }

  #lookAtClock(): number {
    this.#clockMs += LOOK_MS;
    return this.#clockMs;
  }

  #requeue(jobs: readonly ModelJob[]): void {
    this.#queue.push(...jobs);
    this.#queue.sort((a, b) => a.order - b.order);
  }

  /** Sends what may be sent, as the dispatcher does. */
  #feed(): void {
    const { plannedTicks = MEDIUM, maySend = () => true, isUrgent = () => false } = this.#options;
    for (const [index, worker] of this.workers.entries()) {
      let hasUrgent = false;
      if (this.#isBlocked(worker)) continue;
      for (let job = this.#queue[0]; job !== undefined && maySend(job, index); job = this.#queue[0]) {
        if (!worker.channel.send(job, plannedTicks)) break;
        this.#queue.shift();
        if (isUrgent(job)) hasUrgent = true;
      }
      const outcome = hasUrgent ? worker.channel.publishEarly() : worker.channel.publish();
      if (outcome === 'blocked') this.recall(worker);
    }
    this.fed();
  }

  #isBlocked({ side }: WorkerOfMain): boolean {
    const { Control, Parked } = this.#world.heart.layout;
    return Atomics.load(side.memory.control, Control.PARKED) === Parked.BLOCKED;
  }

  #makeWorker(side: WorkerSide): WorkerOfMain {
    const { heart } = this.#world;
    const worker = { isOpen: true, sharesMemory: true, post: () => {}, side } as unknown as WorkerOfMain;
    const control = new heart.ControlPort(side.controlOfMain as never, side.memory.control, worker as never);
    const channel: JobChannel = new heart.JobChannel<ModelJob, WorkerOfMain>(worker as never, {
      settings: { workerId: 1, concurrency: 1, poolWord: this.#world.poolWord, printed: [] },
      connection: {
        memory: side.memory,
        wakeup: side.wakeup,
        control: side.controlOfMain,
        payload: side.payloadOfMain,
      } as never,
      control,
      talk: {} as never, // no job has mail
      lifecycle: {
        jobsEnded: () => {},
        broke: (cause: unknown) => {
          throw cause;
        },
      } as never,
      events: { workerBlocked: () => this.recall(worker) } as never,
      sink: {
        jobStarted: (_worker, { id }) => void this.started.add(id),
        jobReported: (_job, value) => void this.reported.push(value),
        jobReturned: (_worker, job, value) => this.settle(job, `returned ${String(value)}`),
        jobThrew: (_worker, job, { error }) => this.settle(job, `threw ${error.message}`),
        jobStopped: (_worker, job, { kind }) => this.settle(job, `stopped, ${kind}`),
        jobFailedToStart: (job, { error }) => this.settle(job, `failed to start: ${error.message}`),
      },
    });
    control.listen((message) => {
      if (message === 0) this.pacer.drain();
      else if (message.kind === 'broken') throw new Error(`The loop has failed: ${JSON.stringify(message.error)}`);
    });
    return Object.assign(worker, {
      channel,
      results: channel.results,
      inFlight: channel.inFlight,
      drain: (max: number) => channel.drain(max),
    });
  }
}
