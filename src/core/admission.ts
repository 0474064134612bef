import { PoolClosedError, QueueFullError } from '../errors.js';
import type { Job } from '../jobs/job.js';
import { setImmediate } from '../sync/platform.js';
import type { Dispatcher } from './dispatcher.js';
import type { EventHub } from './events.js';
import type { Ledger } from './ledger.js';
import type { PoolSettings } from './options.js';

export interface AdmissionParts {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly events: EventHub;
}

interface Producer {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Bounds how many jobs wait: says whether there is room, makes some, and tells producers when there is again. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #maxQueue: number;
  readonly #overflow: PoolSettings['overflow'];
  /** How many jobs can run at once. */
  readonly #places: number;
  readonly #producers: Producer[] = [];
  #wasFull = false;

  constructor({ maxQueue, overflow, maxWorkers, concurrency }: PoolSettings, parts: AdmissionParts) {
    this.#maxQueue = maxQueue;
    this.#overflow = overflow;
    this.#places = maxWorkers * concurrency;
    this.#parts = parts;
    if (maxQueue !== Number.POSITIVE_INFINITY) parts.ledger.onSettled = () => this.#settled();
  }

  /** Whether no further job has room. Those count that run or could, and `maxQueue` that wait. */
  get isFull(): boolean {
    if (this.#maxQueue === Number.POSITIVE_INFINITY) return false;
    const { ledger, dispatcher } = this.#parts;
    const running = dispatcher.isPaused ? dispatcher.activeCount : this.#places;
    return ledger.unsettled >= this.#maxQueue + running;
  }

  /** Finds room for a job that has entered a full queue, at the cost of another or its own. False: it was refused. */
  makeRoomFor(job: Job): boolean {
    this.#wasFull = true;
    const victim = this.#victimOf(job) ?? job;
    const { dispatcher, ledger } = this.#parts;
    dispatcher.queue.remove(victim);
    const message = `Job '${victim.name}' was ${victim === job ? 'refused' : 'dropped'}: the queue holds at most ${this.#maxQueue} jobs (maxQueue)`;
    ledger.settle(victim, 'FAILED', { outcome: new QueueFullError(message) });
    return victim !== job;
  }

  /** Resolves when there is room; in the order of the calls. Rejects when the pool closes. */
  ready(): Promise<void> {
    if (!this.isFull && this.#producers.length === 0) return Promise.resolve();
    this.#wasFull = true;
    return new Promise((resolve, reject) => this.#producers.push({ resolve, reject }));
  }

  /** The pool was resumed: places count again that no job has. */
  resumed(): void {
    this.#settled();
  }

  /** Nothing is submitted any more. */
  close(): void {
    for (const { reject } of this.#producers.splice(0))
      reject(new PoolClosedError('Cannot wait for room in the queue: the pool is shut down'));
  }

  #victimOf(job: Job): Job | undefined {
    const { dispatcher } = this.#parts;
    if (this.#overflow === 'reject') return undefined;
    if (dispatcher.queue.size === 0) dispatcher.recallAll();
    if (this.#overflow === 'dropOldest') return dispatcher.queue.oldest();
    const last = dispatcher.queue.last();
    return last !== undefined && last.priority < job.priority ? last : undefined;
  }

  #settled(): void {
    if ((!this.#wasFull && this.#producers.length === 0) || this.isFull) return;
    if (this.#wasFull) {
      this.#wasFull = false;
      this.#parts.events.emit('drain', undefined);
    }
    const producer = this.#producers.shift();
    if (producer === undefined) return;
    producer.resolve();
    // one at a time, each after the one before has had time to submit
    if (this.#producers.length > 0) setImmediate(() => this.#settled());
  }
}
