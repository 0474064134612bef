import TinyQueue from 'tinyqueue';
import { type InFlightJob, kindOf, orderOf, ownerOf, seqOf, setOwner, setSeq } from '../../base/in-flight-job.js';

/** Longest list that an emptied level keeps: a power of 2. */
const SHORT = 4096;
/** How many emptied levels are kept for new jobs; more only while even more levels have jobs. */
const SPARE_LEVELS = 16;

/**
 * The jobs of one urgency, by `order`. Jobs that arrive in order are in a list, a ring that grows, where everything is O(1);
 * jobs that come back into the middle (taken back from a worker, or given another priority) are in a small heap beside it.
 */
class QueueLevel<J extends InFlightJob> {
  readonly workerId = undefined;
  readonly attempt = 0;
  readonly urgency: number;
  size = 0;
  /** The list: from `#head` up to `#end`, with holes where jobs were removed. Its length is a power of 2. */
  #list: (J | undefined)[] = [undefined];
  #head = 0;
  #end = 0;
  /** Highest order that the list has had: no job of the list comes after it. */
  #lastOrder = Number.NEGATIVE_INFINITY;
  /** Removed lazily: an entry counts only while its job still belongs to this level and is not in the list. */
  readonly #strays = new TinyQueue<J>([], (a, b) => orderOf(a) - orderOf(b));

  constructor(urgency: number) {
    this.urgency = urgency;
  }

  insert(job: J): void {
    this.size++;
    setOwner(job, this);
    const order = orderOf(job);
    if (order > this.#lastOrder) {
      this.#lastOrder = order;
      this.#append(job);
    } else {
      this.#insertBack(job);
    }
  }

  /** Inserts a job that comes back where it was. */
  #insertBack(job: J): void {
    const head = this.#firstListed();
    if (head === undefined || orderOf(job) > orderOf(this.#lastListed())) {
      this.#append(job);
    } else if (orderOf(job) < orderOf(head)) {
      if (this.#end - this.#head === this.#list.length) this.#grow();
      setSeq(job, --this.#head);
      this.#list[this.#head & (this.#list.length - 1)] = job;
    } else {
      this.#strays.push(job);
    }
  }

  #append(job: J): void {
    if (this.#end - this.#head === this.#list.length) this.#grow();
    setSeq(job, this.#end);
    this.#list[this.#end++ & (this.#list.length - 1)] = job;
  }

  first(): J | undefined {
    const head = this.#firstListed();
    return this.#strays.length === 0 ? head : this.#firstOfBoth(head);
  }

  #firstOfBoth(head: J | undefined): J | undefined {
    const stray = this.#firstStray();
    if (stray === undefined) return head;
    return head !== undefined && orderOf(head) < orderOf(stray) ? head : stray;
  }

  /** The job that was submitted first. Jobs that went to the front have a negative order, the last of them the lowest. */
  oldest(): J | undefined {
    let oldest: J | undefined;
    for (const job of this) {
      if (oldest === undefined || ageOf(job) < ageOf(oldest)) oldest = job;
      if (orderOf(job) > 0) break; // jobs behind it in the list are younger
    }
    for (const job of this.#strays.data)
      if (this.#isStray(job) && (oldest === undefined || ageOf(job) < ageOf(oldest))) oldest = job;
    return oldest;
  }

  /** The job that would run last. */
  last(): J | undefined {
    let last: J | undefined;
    for (const job of this.#strays.data)
      if (this.#isStray(job) && (last === undefined || orderOf(job) > orderOf(last))) last = job;
    if (this.#firstListed() === undefined) return last;
    const listed = this.#lastListed();
    return last === undefined || orderOf(listed) > orderOf(last) ? listed : last;
  }

  remove(job: J): void {
    if (this.#isListed(job)) this.#list[seqOf(job) & (this.#list.length - 1)] = undefined;
    setOwner(job, undefined);
    if (--this.size === 0) this.#reset();
  }

  #reset(): void {
    this.#head = 0;
    this.#end = 0;
    this.#lastOrder = Number.NEGATIVE_INFINITY;
    if (this.#list.length > SHORT) this.#list = [undefined]; // memory returns (I9)
  }

  /** As a job's owner: no queued job has begun. */
  hasBegun(): boolean {
    return false;
  }

  *[Symbol.iterator](): Generator<J> {
    const { length } = this.#list;
    for (let seq = this.#head; seq < this.#end; seq++) {
      const job = this.#list[seq & (length - 1)];
      if (job !== undefined) yield job;
    }
    for (const job of new Set(this.#strays.data)) if (this.#isStray(job)) yield job;
  }

  #firstListed(): J | undefined {
    const list = this.#list;
    for (; this.#head < this.#end; this.#head++) {
      const job = list[this.#head & (list.length - 1)];
      if (job !== undefined) return job;
    }
    return undefined;
  }

  /** The list's last job; the list is not empty. */
  #lastListed(): J {
    const list = this.#list;
    for (;;) {
      const last = list[(this.#end - 1) & (list.length - 1)];
      if (last !== undefined) return last;
      this.#end--;
    }
  }

  /** Doubles the list, which is full. */
  #grow(): void {
    const old = this.#list;
    const list = new Array<J | undefined>(2 * old.length);
    for (let seq = this.#head; seq < this.#end; seq++) list[seq & (list.length - 1)] = old[seq & (old.length - 1)];
    this.#list = list;
  }

  #firstStray(): J | undefined {
    const strays = this.#strays;
    while (strays.length > 0) {
      const job = strays.peek();
      if (job !== undefined && this.#isStray(job)) return job;
      strays.pop();
    }
    return undefined;
  }

  #isListed(job: J): boolean {
    return this.#list[seqOf(job) & (this.#list.length - 1)] === job;
  }

  #isStray(job: J): boolean {
    return ownerOf(job) === this && !this.#isListed(job);
  }
}

/**
 * Waiting jobs: the most urgent first, equals in the order of submission (I4).
 *
 * A binary heap (`tinyqueue`) of levels rather than of jobs: only the first and the last job of a level touch the heap.
 * (A heap with an entry per job took 121 ms for 300,000 jobs, levels of lists 3 ms.)
 */
export class JobQueue<J extends InFlightJob> {
  #heap = new TinyQueue<QueueLevel<J>>([], byUrgency);
  readonly #levels = new Map<number, QueueLevel<J>>();
  #lastLevel: QueueLevel<J> | undefined;
  #size = 0;
  /** How many levels are empty. */
  #emptyLevels = 0;

  get size(): number {
    return this.#size;
  }

  /** How many jobs are as urgent as the next. */
  get firstLevelSize(): number {
    return this.#topLevel()?.size ?? 0;
  }

  /** Inserts a job: a new one behind its equals, one that comes back where it was. */
  insert(job: J): void {
    const level = this.#level(kindOf(job).urgency);
    if (level.size === 0) this.#emptyLevels--;
    level.insert(job);
    this.#size++;
  }

  /** The next job, which stays in the queue. */
  peek(): J | undefined {
    return this.#topLevel()?.first();
  }

  /** Removes and returns the next job. */
  shift(): J | undefined {
    const job = this.peek();
    if (job !== undefined) this.remove(job);
    return job;
  }

  /** Removes a job wherever it is, in O(1). False if it is not in the queue. */
  remove(job: J): boolean {
    const owner = ownerOf(job);
    if (!(owner instanceof QueueLevel)) return false;
    owner.remove(job);
    this.#size--;
    if (owner.size === 0 && ++this.#emptyLevels > SPARE_LEVELS) this.#sweepLevels();
    return true;
  }

  /** The job that was submitted first. */
  oldest(): J | undefined {
    let oldest: J | undefined;
    for (const level of this.#levels.values()) {
      const job = level.oldest();
      if (job !== undefined && (oldest === undefined || ageOf(job) < ageOf(oldest))) oldest = job;
    }
    return oldest;
  }

  /** The job that would run last. */
  last(): J | undefined {
    let lowest: QueueLevel<J> | undefined;
    for (const level of this.#levels.values())
      if (level.size > 0 && (lowest === undefined || level.urgency < lowest.urgency)) lowest = level;
    return lowest?.last();
  }

  *[Symbol.iterator](): Generator<J> {
    for (const level of [...this.#levels.values()]) yield* level;
  }

  #level(urgency: number): QueueLevel<J> {
    if (this.#lastLevel?.urgency === urgency) return this.#lastLevel;
    let level = this.#levels.get(urgency);
    if (level === undefined) {
      level = new QueueLevel(urgency);
      this.#levels.set(urgency, level);
      this.#heap.push(level);
      this.#emptyLevels++;
    }
    this.#lastLevel = level;
    return level;
  }

  /** Removes emptied levels from the top of the heap; the last one stays for the next job of its urgency. */
  #topLevel(): QueueLevel<J> | undefined {
    for (;;) {
      const level = this.#heap.peek();
      if (level === undefined || level.size > 0) return level;
      if (this.#heap.length === 1) return undefined;
      this.#heap.pop();
      this.#emptyLevels--;
      this.#forget(level);
    }
  }

  /** Removes emptied levels once they are as many as the others, as some may never come to the top (I9). */
  #sweepLevels(): void {
    if (2 * this.#emptyLevels < this.#heap.length) return;
    for (const level of this.#heap.data) if (level.size === 0) this.#forget(level);
    this.#heap = new TinyQueue([...this.#levels.values()], byUrgency);
    this.#emptyLevels = 0;
  }

  #forget(level: QueueLevel<J>): void {
    this.#levels.delete(level.urgency);
    if (this.#lastLevel === level) this.#lastLevel = undefined;
  }
}

/** The job's number in the order of submission; `order` is its negative if the job went ahead of its equals. */
export function ageOf(job: InFlightJob): number {
  return Math.abs(orderOf(job));
}

function byUrgency(a: { readonly urgency: number }, b: { readonly urgency: number }): number {
  return b.urgency - a.urgency;
}
