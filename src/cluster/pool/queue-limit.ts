import { clearInterval, setImmediate, setInterval } from '../../base/clock.js';
import type { PoolLog } from '../../core/log.js';
import { closedError } from '../../core/pool-state.js';
import { QueueFullError } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { ClusterEvents } from './cluster-events.js';
import type { JobTable } from './job-table.js';
import type { Books } from './submission.js';

/** How often the jobs that wait in Redis are counted, in ms. */
const COUNT_MS = 250;

interface Producer {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface QueueLimitDeps {
  readonly books: Books;
  readonly events: ClusterEvents;
  readonly table: JobTable;
  readonly log: PoolLog;
  /** Returns how many jobs from all submitters wait in Redis; `undefined` if that is not known. */
  readonly count: () => Promise<number | undefined>;
}

/**
 * Bounds how many jobs of the queue wait. Those of this submitter are known; those of others are counted every 250 ms, so that
 * several submitters together may go beyond the bound.
 */
export class QueueLimit {
  readonly #maxQueue: number;
  readonly #deps: QueueLimitDeps;
  readonly #producers: Producer[] = [];
  readonly #timer: NodeJS.Timeout | undefined;
  /** How many jobs of others wait, as last counted. */
  #others = 0;
  /** How many producers were notified of room and have not used it yet. */
  #promised = 0;
  #wasFull = false;

  constructor(maxQueue: number, deps: QueueLimitDeps) {
    this.#maxQueue = maxQueue;
    this.#deps = deps;
    if (this.#isBounded) this.#timer = setInterval(() => void this.#count(), COUNT_MS).unref();
  }

  get #isBounded(): boolean {
    return this.#maxQueue !== Number.POSITIVE_INFINITY;
  }

  /** How many jobs of this submitter wait. */
  get #own(): number {
    const { books, table } = this.#deps;
    return books.ledger.unsettled - table.running;
  }

  get #room(): number {
    return this.#maxQueue - this.#own - this.#others;
  }

  /** Returns why a job may not enter; `undefined` if it may. */
  refusalOf(job: Job): Error | undefined {
    if (!this.#isBounded || this.#room > 0) return undefined;
    return new QueueFullError(`Job '${job.name}' was refused: the queue is full (maxQueue: ${this.#maxQueue})`);
  }

  /** A job was counted that may not enter. */
  refused(job: Job, refusal: Error): void {
    const { books, log } = this.#deps;
    if (!this.#wasFull) log.queueFull(refusal.message);
    this.#wasFull = true;
    books.metrics.refused++;
    books.ledger.settle(job, 'FAILED', { outcome: refusal });
  }

  /** A job has entered. */
  entered(job: Job): void {
    if (!this.#isBounded) return;
    if (this.#promised > 0) this.#promised--;
    whenSettled(job, () => queueMicrotask(() => this.notifyIfRoom()));
  }

  /** Resolves when there is room, in the order of the calls. Rejects when the pool closes. */
  ready(): Promise<void> {
    if (!this.#isBounded) return Promise.resolve();
    if (this.#producers.length === 0 && this.#room > this.#promised) {
      this.#promise();
      return Promise.resolve();
    }
    this.#wasFull = true;
    return new Promise((resolve, reject) => this.#producers.push({ resolve, reject }));
  }

  /** Notifies those that wait for room, if there is some now. */
  notifyIfRoom(): void {
    if (this.#room <= 0) return;
    if (this.#wasFull) {
      this.#wasFull = false;
      this.#deps.events.emit('drain', undefined);
    }
    while (this.#room > this.#promised) {
      const producer = this.#producers.shift();
      if (producer === undefined) return;
      this.#promise();
      producer.resolve();
    }
  }

  /** The pool takes no more jobs. */
  close(): void {
    clearInterval(this.#timer);
    for (const { reject } of this.#producers.splice(0)) reject(closedError('wait for room in the queue'));
  }

  /** Room is promised until the end of the turn: a producer that has not submitted by then needs none. */
  #promise(): void {
    if (this.#promised++ > 0) return;
    setImmediate(() => {
      this.#promised = 0;
      this.notifyIfRoom();
    });
  }

  async #count(): Promise<void> {
    const own = this.#own; // counted first, so that jobs that arrive meanwhile are not taken for those of others
    const waiting = await this.#deps.count();
    if (waiting === undefined) return;
    this.#others = Math.max(0, waiting - own);
    this.notifyIfRoom();
  }
}
