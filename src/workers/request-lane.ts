import type { Transferable } from '../sync/crossing.js';
import type { PayloadPort } from './envelope.js';
import {
  CAPACITY,
  Control,
  LANE_WORDS,
  LONG_ENTRY_WORDS,
  LONG_WORDS,
  MASK,
  Parked,
  SHORT_ENTRY_WORDS,
  type WorkerMemory,
} from './layout.js';
import {
  ARGUMENT_BITS,
  BY_MESSAGE,
  DEFINITION,
  HOLE,
  IS_ANNOUNCED,
  IS_NAMED,
  IS_REPEATED,
  MAX_INLINE_ARGUMENTS,
  REQUEST_HEAD,
  TAG_BITS,
  type TaskDefinition,
} from './protocol.js';
import { NOT_INLINE, RingWriter } from './ring.js';

/** What the lane must know of a job to send it. */
export interface Parcel {
  readonly id: number;
  readonly task: { readonly id: number; readonly origin: TaskDefinition };
  readonly args: readonly unknown[];
  readonly priority: number;
  readonly customName: string | undefined;
  readonly begunAttempts: number;
  readonly transfer: readonly Transferable[] | undefined;
  readonly timeoutMs: number | undefined;
}

/** The main thread's end of the lane that carries jobs to one worker: it writes, the worker reads. */
export class RequestLane {
  readonly #ring: RingWriter;
  readonly #control: Int32Array;
  readonly #heads: Float64Array;
  readonly #payload: PayloadPort;
  /** The tasks the worker was told of, and the one it was told of, or asked for, last. */
  readonly #defined = new WeakSet<object>();
  #lastDefined: object | undefined;
  #published = 0;
  #read = 0;
  /** Words written, and of these the words that were read when it was last looked. */
  #words = 0;
  #wordsRead = 0;
  /** The sequence number of the next entry. Wraps. */
  nextSeq = 0;

  constructor(memory: WorkerMemory, payload: PayloadPort) {
    this.#ring = new RingWriter(memory.requests, LANE_WORDS);
    this.#control = memory.control;
    this.#heads = memory.heads;
    this.#payload = payload;
  }

  /** Whether the worker has read enough of the lane for `entries` more. */
  hasRoom(entries: number): boolean {
    if (((this.nextSeq - this.#read) | 0) + entries <= CAPACITY) return true;
    this.#read = Atomics.load(this.#control, Control.REQUESTS_READ);
    return ((this.nextSeq - this.#read) | 0) + entries <= CAPACITY;
  }

  /** Whether the worker has read all that was published: it looks at its lane again. */
  get isRead(): boolean {
    return Atomics.load(this.#control, Control.REQUESTS_READ) === this.#published;
  }

  /** Writes an entry that only takes up its sequence number. */
  skip(): void {
    this.#begin(0, HOLE);
    this.#end();
  }

  /** Tells the worker how to find the task, unless it knows. Before the job's own entry: this one has its own number. Answers whether it did not. */
  define(task: Parcel['task']): boolean {
    if (task === this.#lastDefined || this.#defined.has(task)) {
      this.#lastDefined = task;
      return false;
    }
    this.#defined.add(task);
    this.#payload.send(task.origin, 'task');
    this.#begin(task.id, DEFINITION);
    this.#end();
    return true;
  }

  /**
   * Writes a job's entry, not yet published.
   *
   * @throws {NotCloneableError} when an argument cannot cross; nothing is written then.
   */
  write(job: Parcel): void {
    const kind = this.#putValues(job);
    this.#begin(job.task.id, job.timeoutMs === undefined ? kind : kind | IS_ANNOUNCED);
    const head = 2 * (this.nextSeq & MASK);
    this.#heads[head] = job.id;
    this.#heads[head + 1] = job.priority;
    this.#end();
  }

  /** Makes what was written visible to the worker, and answers how it waits. */
  publish(): number {
    if (this.#published === this.nextSeq) return Parked.NO;
    this.#published = this.nextSeq;
    Atomics.store(this.#control, Control.REQUEST_TAIL, this.nextSeq);
    return Atomics.load(this.#control, Control.PARKED);
  }

  /** How long the next entry may be, in words. */
  get #longest(): number {
    const mark = (this.#words + LONG_ENTRY_WORDS - LONG_WORDS) | 0;
    if (((mark - this.#wordsRead) | 0) <= 0) return LONG_ENTRY_WORDS;
    this.#wordsRead = Atomics.load(this.#control, Control.REQUEST_WORDS_READ);
    return ((mark - this.#wordsRead) | 0) <= 0 ? LONG_ENTRY_WORDS : SHORT_ENTRY_WORDS;
  }

  #putValues(job: Parcel): number {
    const ring = this.#ring;
    const { args, customName } = job;
    const isRepeated = job.begunAttempts > 0;
    const flags = (customName === undefined ? 0 : IS_NAMED) | (isRepeated ? IS_REPEATED : 0);
    const limit = ring.offset + this.#longest;
    ring.cursor = ring.offset + REQUEST_HEAD;
    let tags = 0;
    let count = 0;
    if (job.transfer === undefined && args.length <= MAX_INLINE_ARGUMENTS - 2) {
      for (; count < args.length; count++) {
        const tag = ring.put(args[count], limit);
        if (tag === NOT_INLINE) return this.#sendValues(job, flags);
        tags |= tag << (TAG_BITS * count);
      }
      if (flags === 0) return count | (tags << ARGUMENT_BITS);
      for (const extra of extras(job)) {
        const tag = ring.put(extra, limit);
        if (tag === NOT_INLINE) return this.#sendValues(job, flags);
        tags |= tag << (TAG_BITS * count++);
      }
      return count | (tags << ARGUMENT_BITS) | flags;
    }
    return this.#sendValues(job, flags);
  }

  /** One message a job, although one for many would be cheaper: two jobs given the same object each get their own (I10). */
  #sendValues(job: Parcel, flags: number): number {
    this.#ring.abandon(this.#ring.offset + REQUEST_HEAD);
    const values = flags === 0 ? job.args : [...job.args, ...extras(job)];
    const tag = this.#payload.send(values, 'args', job.transfer);
    return BY_MESSAGE | (tag << ARGUMENT_BITS) | flags;
  }

  #begin(taskId: number, kind: number): void {
    const { words, offset } = this.#ring;
    words[offset] = taskId;
    words[offset + 1] = kind;
    if (kind === HOLE || kind === DEFINITION) this.#ring.cursor = offset + REQUEST_HEAD;
  }

  #end(): void {
    this.#words = (this.#words + this.#ring.advance()) | 0;
    this.nextSeq = (this.nextSeq + 1) | 0;
  }
}

/** Values of the entry behind the arguments: the attempt where it is not the first, the name where it is the job's own. */
function extras(job: Parcel): unknown[] {
  const values: unknown[] = [];
  if (job.begunAttempts > 0) values.push(job.begunAttempts + 1);
  if (job.customName !== undefined) values.push(job.customName);
  return values;
}
