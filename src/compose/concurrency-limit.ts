import TinyQueue from 'tinyqueue';
import type { StopTimer } from '../base/timer.js';
import type { Job } from '../jobs/job.js';
import { orderOf } from '../jobs/job-access.js';
import { urgencyOf, whenSettled } from '../jobs/job-engine.js';
import type { StartLimit } from '../jobs/job-options.js';

/** Where a job was in the line when it joined, or got another priority. */
interface Entry {
  readonly job: Job;
  readonly urgency: number;
  readonly order: number;
}

/** Entries that no longer count are swept out of the line once there are more of them than of others, and than this. */
const SWEEP_FROM = 256;

/**
 * How many jobs of a group may be in the queue or run at once. A job takes a turn, and gives it back when it settles. The others
 * wait in line, the most urgent first, equals in the order of submission.
 */
export class ConcurrencyLimit implements StartLimit {
  readonly #max: number;
  readonly #holders = new Set<unknown>();
  /** The jobs in line, and what to call when one has its turn. */
  readonly #granted = new Map<Job, () => void>();
  /** Removed lazily: an entry counts only while its job is in line at that urgency. */
  #line = new TinyQueue<Entry>([], byUrgency);

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
    this.#line.push(entryOf(job));
    return () => this.#leave(job);
  }

  reprioritised(job: Job): void {
    if (this.#granted.has(job)) this.#line.push(entryOf(job));
  }

  #take(job: Job): void {
    this.#holders.add(job);
    whenSettled(job, () => {
      this.#holders.delete(job);
      this.#grantNext();
    });
  }

  #grantNext(): void {
    for (let entry = this.#line.pop(); entry !== undefined; entry = this.#line.pop()) {
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
    const gone = this.#line.length - this.#granted.size;
    if (gone > SWEEP_FROM && gone > this.#granted.size)
      this.#line = new TinyQueue(Array.from(this.#granted.keys(), entryOf), byUrgency);
  }
}

function entryOf(job: Job): Entry {
  return { job, urgency: urgencyOf(job), order: orderOf(job) };
}

function byUrgency(a: Entry, b: Entry): number {
  return b.urgency - a.urgency || a.order - b.order;
}
