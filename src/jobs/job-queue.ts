import TinyQueue from 'tinyqueue';

/** What the queue asks of what it holds. The links are its own: nobody else writes them. */
export interface Queueable<J extends Queueable<J>> {
  readonly priority: number;
  /** Place among equals: the order of submission. Never changes, so that a job that comes back finds its place (I4). */
  readonly order: number;
  level: QueueLevel<J> | undefined;
  next: J | undefined;
  previous: J | undefined;
}

/**
 * The jobs of one priority, by `order`. Those that arrive in order are a linked list, where all is O(1); those that come
 * back into the middle (taken back from a worker, or given another priority) are in a small heap beside it.
 */
class QueueLevel<J extends Queueable<J>> {
  readonly priority: number;
  size = 0;
  head: J | undefined;
  #tail: J | undefined;
  /** Left lazily: an entry counts only while its job still belongs to this level and to no list. */
  readonly #strays = new TinyQueue<J>([], (a, b) => a.order - b.order);

  constructor(priority: number) {
    this.priority = priority;
  }

  insert(job: J): void {
    this.size++;
    job.level = this as QueueLevel<J>;
    const head = this.head;
    const tail = this.#tail;
    if (head === undefined || tail === undefined) {
      this.head = job;
      this.#tail = job;
    } else if (job.order > tail.order) {
      job.previous = tail;
      tail.next = job;
      this.#tail = job;
    } else if (job.order < head.order) {
      job.next = head;
      head.previous = job;
      this.head = job;
    } else {
      this.#strays.push(job);
    }
  }

  first(): J | undefined {
    const stray = this.#firstStray();
    if (stray === undefined) return this.head;
    return this.head !== undefined && this.head.order < stray.order ? this.head : stray;
  }

  remove(job: J): void {
    this.size--;
    job.level = undefined;
    if (!this.#isListed(job)) return;
    if (job.previous === undefined) this.head = job.next;
    else job.previous.next = job.next;
    if (job.next === undefined) this.#tail = job.previous;
    else job.next.previous = job.previous;
    job.next = undefined;
    job.previous = undefined;
  }

  *[Symbol.iterator](): Generator<J> {
    for (let job = this.head; job !== undefined; job = job.next) yield job;
    for (const job of new Set(this.#strays.data)) if (this.#isStray(job)) yield job;
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
    return job === this.head || job.previous !== undefined;
  }

  #isStray(job: J): boolean {
    return job.level === this && !this.#isListed(job);
  }
}

export type { QueueLevel };

/**
 * Waiting jobs: the highest priority first, equals in the order of submission (I4).
 *
 * A binary heap (`tinyqueue`) of priority levels rather than of jobs: a push or a pop costs the heap nothing but for the
 * first and the last job of a level. (A heap entry a job took 121 ms for 300,000 jobs, levels of linked jobs 3 ms.)
 */
export class JobQueue<J extends Queueable<J>> {
  readonly #heap = new TinyQueue<QueueLevel<J>>([], (a, b) => b.priority - a.priority);
  readonly #levels = new Map<number, QueueLevel<J>>();
  #lastLevel: QueueLevel<J> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts a job in its place: a new one behind its equals, one that comes back where it was. */
  insert(job: J): void {
    this.#level(job.priority).insert(job);
    this.#size++;
  }

  /** The job that is next, which stays. */
  peek(): J | undefined {
    return this.#topLevel()?.first();
  }

  /** Takes the job that is next. */
  shift(): J | undefined {
    const job = this.peek();
    if (job !== undefined) this.remove(job);
    return job;
  }

  /** Takes out a job wherever it stands: O(1). False when the queue does not hold it. */
  remove(job: J): boolean {
    if (job.level === undefined) return false;
    job.level.remove(job);
    this.#size--;
    return true;
  }

  *[Symbol.iterator](): Generator<J> {
    for (const level of [...this.#levels.values()]) yield* level;
  }

  #level(priority: number): QueueLevel<J> {
    if (this.#lastLevel?.priority === priority) return this.#lastLevel;
    let level = this.#levels.get(priority);
    if (level === undefined) {
      level = new QueueLevel(priority);
      this.#levels.set(priority, level);
      this.#heap.push(level);
    }
    this.#lastLevel = level;
    return level;
  }

  /** Levels that have run empty leave when they come to the top; the last one stays for the next job of its priority. */
  #topLevel(): QueueLevel<J> | undefined {
    for (;;) {
      const level = this.#heap.peek();
      if (level === undefined || level.size > 0) return level;
      if (this.#heap.length === 1) return undefined;
      this.#heap.pop();
      this.#levels.delete(level.priority);
      if (this.#lastLevel === level) this.#lastLevel = undefined;
    }
  }
}
