import { setImmediate } from '../../base/clock.js';
import { PoolClosedError, QueueFullError } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { urgencyOf } from '../../jobs/job-engine.js';
import type { Balance } from '../dispatch/balance.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Reserve } from '../dispatch/reserve.js';
import type { EventHub } from '../events.js';
import type { Ledger } from '../ledger.js';
import type { PoolLog } from '../log.js';
import type { PoolSettings } from '../options/options.js';
import type { WorkerSet } from '../workers/worker-set.js';

export interface AdmissionDeps {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
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

/** Bounds how many jobs wait: says whether there is room, makes some, and tells producers when there is again. */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #maxQueue: number;
  readonly #overflow: PoolSettings['overflow'];
  readonly #producers: Producer[] = [];
  /** How many producers were told of room in this turn of the event loop, and have not used it yet. */
  #promised = 0;
  #isTurnWatched = false;
  #wasFull = false;
  /** It has cost a job its place. */
  #hasRefused = false;

  constructor({ maxQueue, overflow }: PoolSettings, parts: AdmissionDeps) {
    this.#maxQueue = maxQueue;
    this.#overflow = overflow;
    this.#deps = parts;
    if (this.isBounded) parts.ledger.onSettled = () => this.look();
  }

  /** Whether there is a bound. */
  get isBounded(): boolean {
    return this.#maxQueue !== Number.POSITIVE_INFINITY;
  }

  /** Whether the job has no room. Those count that run or could, and `maxQueue` that wait. */
  isFullFor(job: Job): boolean {
    if (!this.isBounded) return false;
    const { reserve, workers } = this.#deps;
    const isUrgent = reserve?.keptFrom(job) === 0;
    return this.#room() + (isUrgent ? reserve.unused * workers.concurrency : 0) <= 0;
  }

  /** Room for jobs of any priority. */
  #room(): number {
    if (!this.isBounded) return Number.POSITIVE_INFINITY;
    const { ledger, dispatcher, workers, reserve } = this.#deps;
    const running = dispatcher.isPaused
      ? dispatcher.activeCount
      : workers.places - (reserve?.unused ?? 0) * workers.concurrency;
    return this.#maxQueue + running - ledger.unsettled;
  }

  /** A job has entered. */
  entered(): void {
    if (this.#promised > 0) this.#promised--;
    if (this.#room() <= 0) this.#wasFull = true;
  }

  /** Finds room for a job that has entered a full queue, at the cost of another or its own. False: it was refused. */
  makeRoomFor(job: Job): boolean {
    const victim = this.#victimOf(job) ?? job;
    const { dispatcher, ledger, log } = this.#deps;
    dispatcher.queue.remove(victim);
    const message = `Job '${victim.name}' was ${victim === job ? 'refused' : 'dropped'}: the queue holds at most ${this.#maxQueue} jobs (maxQueue)`;
    if (!this.#hasRefused) log.queueFull(message);
    this.#hasRefused = true;
    ledger.settle(victim, 'FAILED', { outcome: new QueueFullError(message) });
    return victim !== job;
  }

  /** Resolves when there is room; in the order of the calls. Rejects when the pool closes. */
  ready(): Promise<void> {
    if (!this.isBounded) return Promise.resolve();
    if (this.#producers.length === 0 && this.#room() > this.#promised) {
      this.#promise();
      return Promise.resolve();
    }
    if (this.#room() <= 0) this.#wasFull = true;
    return new Promise((resolve, reject) => this.#producers.push({ resolve, reject }));
  }

  /** There may be room now: tells those who wait for it. */
  look(): void {
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

  /** Nothing is submitted any more. */
  close(): void {
    for (const { reject } of this.#producers.splice(0))
      reject(new PoolClosedError('Cannot wait for room in the queue: the pool is shut down'));
  }

  #victimOf(job: Job): Job | undefined {
    const { dispatcher, balance } = this.#deps;
    if (this.#overflow === 'reject') return undefined;
    if (dispatcher.queue.size === 0) balance.recallAll();
    if (this.#overflow === 'dropOldest') return dispatcher.queue.oldest();
    const last = dispatcher.queue.last();
    return last !== undefined && urgencyOf(last) < urgencyOf(job) ? last : undefined;
  }

  #promise(): void {
    this.#promised++;
    if (this.#isTurnWatched) return;
    this.#isTurnWatched = true;
    setImmediate(() => {
      this.#isTurnWatched = false;
      this.#promised = 0;
      this.look();
    });
  }
}
