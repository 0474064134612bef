import { setImmediate } from '../../base/clock.js';
import { QueueFullError } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { urgencyOf } from '../../jobs/job-engine.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { PoolChannels } from '../channels.js';
import type { Backlog } from '../dispatch/backlog.js';
import type { Balance } from '../dispatch/balance.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Reserve } from '../dispatch/reserve.js';
import type { EventHub } from '../events.js';
import type { Ledger } from '../ledger.js';
import type { PoolLog } from '../log.js';
import type { PoolSettings } from '../options/options.js';
import { closedError } from '../pool-state.js';
import type { WorkerSet } from '../workers/worker-set.js';

export interface AdmissionDeps {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly channels: PoolChannels;
  readonly dispatcher: Dispatcher;
  readonly backlog: Backlog;
  readonly balance: Balance;
  readonly events: EventHub;
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
  readonly log: PoolLog;
}

interface Producer {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Bounds how many jobs wait: checks for room, makes room, and notifies producers when there is room again. */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #maxQueue: number;
  readonly #overflow: PoolSettings['overflow'];
  readonly #producers: Producer[] = [];
  /** How many producers were notified of room in this turn of the event loop, and have not used it yet. */
  #promised = 0;
  #isTurnWatched = false;
  #wasFull = false;
  /** Whether a job was refused or dropped since the queue became full: logged once. */
  #hasRefused = false;

  constructor({ maxQueue, overflow }: PoolSettings, deps: AdmissionDeps) {
    this.#maxQueue = maxQueue;
    this.#overflow = overflow;
    this.#deps = deps;
  }

  /** Whether `maxQueue` is finite. */
  get isBounded(): boolean {
    return this.#maxQueue !== Number.POSITIVE_INFINITY;
  }

  /** Whether there is no room for the job: there are as many as can run, and `maxQueue` more. */
  isFullFor(job: Job): boolean {
    if (!this.isBounded) return false;
    const { reserve, workers } = this.#deps;
    const isUrgent = reserve?.keptFrom(job) === 0;
    return this.#room() + (isUrgent ? reserve.unused * workers.concurrency : 0) <= 0;
  }

  /** Room for jobs of any priority. */
  #room(): number {
    if (!this.isBounded) return Number.POSITIVE_INFINITY;
    const { ledger, dispatcher, backlog, workers, reserve } = this.#deps;
    const running = dispatcher.isPaused
      ? backlog.activeCount
      : workers.places - (reserve?.unused ?? 0) * workers.concurrency;
    return this.#maxQueue + running - ledger.unsettled;
  }

  /** A job has entered. */
  entered(): void {
    if (this.#promised > 0) this.#promised--;
    if (this.#room() <= 0) this.#wasFull = true;
  }

  /** A job has entered a full queue: drops another job or refuses this one, as `overflow` says. */
  makeRoomFor(job: Job): 'admitted' | 'refused' {
    const victim = this.#victimOf(job) ?? job;
    const { dispatcher, ledger, metrics, channels, log } = this.#deps;
    dispatcher.remove(victim);
    const outcome = victim === job ? 'refused' : 'dropped';
    const message = `Job '${victim.name}' was ${outcome}: the queue is full (maxQueue: ${this.#maxQueue})`;
    if (!this.#hasRefused) log.queueFull(message);
    this.#hasRefused = true;
    metrics[outcome]++;
    channels.queueFull(victim, outcome);
    ledger.settle(victim, 'FAILED', { outcome: new QueueFullError(message) });
    return victim === job ? 'refused' : 'admitted';
  }

  /** Resolves when there is room, in the order of the calls. Rejects when the pool closes. */
  ready(): Promise<void> {
    if (!this.isBounded) return Promise.resolve();
    if (this.#producers.length === 0 && this.#room() > this.#promised) {
      this.#promise();
      return Promise.resolve();
    }
    if (this.#room() <= 0) this.#wasFull = true;
    return new Promise((resolve, reject) => this.#producers.push({ resolve, reject }));
  }

  /** Notifies those that wait for room, if there is some now. */
  notifyIfRoom(): void {
    if ((!this.#wasFull && this.#producers.length === 0) || this.#room() <= 0) return;
    if (this.#wasFull) {
      this.#wasFull = false;
      this.#hasRefused = false;
      this.#deps.events.emit('drain', undefined);
    }
    while (this.#room() > this.#promised) {
      const producer = this.#producers.shift();
      if (producer === undefined) return;
      this.#promise();
      producer.resolve();
    }
  }

  /** The pool accepts no more jobs: rejects those that wait for room. */
  close(): void {
    for (const { reject } of this.#producers.splice(0)) reject(closedError('wait for room in the queue'));
  }

  #victimOf(job: Job): Job | undefined {
    const { dispatcher, balance } = this.#deps;
    if (this.#overflow === 'reject') return undefined;
    if (dispatcher.queue.size === 0) balance.recallAll();
    if (this.#overflow === 'dropOldest') return dispatcher.oldestWaiting();
    const last = dispatcher.lastWaiting();
    return last !== undefined && urgencyOf(last) < urgencyOf(job) ? last : undefined;
  }

  #promise(): void {
    this.#promised++;
    if (this.#isTurnWatched) return;
    this.#isTurnWatched = true;
    setImmediate(() => {
      this.#isTurnWatched = false;
      this.#promised = 0;
      this.notifyIfRoom();
    });
  }
}
