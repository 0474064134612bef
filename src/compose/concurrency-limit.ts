import TinyQueue from 'tinyqueue';
import type { StopTimer } from '../base/timer.js';
import type { Job } from '../jobs/job.js';
import { orderOf } from '../jobs/job-access.js';
import { urgencyOf, whenSettled } from '../jobs/job-engine.js';
import type { StartLimit } from '../jobs/job-options.js';

/** A job's rank when it began to wait, or its priority was changed last. */
interface Entry {
  readonly job: Job;
  readonly urgency: number;
  readonly order: number;
}

/** Entries that no longer count are removed once there are more of them than of others, and than this. */
const SWEEP_FROM = 256;

/**
 * Limits how many jobs of a group are in the queue or run at once. A job takes a turn, and gives it back when it settles. The
 * most urgent of those that wait has the next turn; equals, in the order of submission.
 */
export class ConcurrencyLimit implements StartLimit {
  readonly #max: number;
  readonly #holders = new Set<unknown>();
  /** The jobs that wait, and what to call when one has its turn. */
  readonly #granted = new Map<Job, () => void>();
  /** Removed lazily: an entry counts only while its job waits at that urgency. */
  #entries = new TinyQueue<Entry>([], byUrgency);

  constructor(max: number) {
    this.#max = max;
  }

  join(job: Job, granted: () => void): StopTimer | undefined {
    if (this.#holders.has(job)) return undefined; // it runs again
    if (this.#holders.size < this.#max) {
      this.#take(job);
      return undefined;
    }
    this.#granted.set(job, granted);
    this.#entries.push(entryOf(job));
    return () => this.#leave(job);
  }

  reprioritised(job: Job): void {
    if (this.#granted.has(job)) this.#entries.push(entryOf(job));
  }

  #take(job: Job): void {
    this.#holders.add(job);
    whenSettled(job, () => {
      this.#holders.delete(job);
      this.#grantNext();
    });
  }

  #grantNext(): void {
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      const { job } = entry;
      const granted = this.#granted.get(job);
      if (granted === undefined || entry.urgency !== urgencyOf(job)) continue;
      this.#granted.delete(job);
      this.#take(job);
      granted();
      return;
    }
  }

  #leave(job: Job): void {
    this.#granted.delete(job);
    const gone = this.#entries.length - this.#granted.size;
    if (gone > SWEEP_FROM && gone > this.#granted.size)
      this.#entries = new TinyQueue(Array.from(this.#granted.keys(), entryOf), byUrgency);
  }
}

function entryOf(job: Job): Entry {
  return { job, urgency: urgencyOf(job), order: orderOf(job) };
}

function byUrgency(a: Entry, b: Entry): number {
  return b.urgency - a.urgency || a.order - b.order;
}
