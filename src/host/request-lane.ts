import {
  argsOf,
  type InFlightJob,
  type InFlightJobTask,
  idOf,
  isPlain,
  kindOf,
  type Mail,
  mailOf,
  overridesOf,
  timeoutMsOf,
  transferOf,
} from '../base/in-flight-job.js';
import type { JobOverrides } from '../contract/job-overrides.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import {
  ARGUMENT_BITS,
  BY_MESSAGE,
  COUNT_MASK,
  DEFINITION,
  HAS_IDENTITY,
  IDENTITY_WORDS,
  IS_ANNOUNCED,
  MAX_INLINE_ARGUMENTS,
  MAX_INLINE_VALUES,
  OVERRIDES,
  REQUEST_HEAD,
  SKIP,
  TAG_BITS,
} from '../wire/lane/entry-format.js';
import { SentBuffers } from '../wire/lane/known-buffers.js';
import {
  CAPACITY,
  Control,
  LANE_WORDS,
  LONG_ENTRY_WORDS,
  LONG_WORDS,
  SHORT_ENTRY_WORDS,
  type WorkerMemory,
} from '../wire/lane/layout.js';
import { NOT_INLINE, RingWriter } from '../wire/lane/ring.js';
import { TextWriter } from '../wire/lane/text-lane.js';
import type { PayloadPort } from '../wire/message/payload-port.js';

export interface RequestLaneEvents {
  bufferGone(number: number): void;
  sendMail(job: InFlightJob, mail: readonly Mail[]): void;
}

/** The pool's end of the lane that carries jobs to one worker: writes entries that the worker reads. */
export class RequestLane {
  readonly #ring: RingWriter;
  readonly #texts: TextWriter;
  readonly #control: Int32Array;
  readonly #payload: PayloadPort;
  readonly #sendMail: RequestLaneEvents['sendMail'];
  /** The tasks whose definitions the worker has, and the one that was used last. */
  readonly #defined = new WeakSet<object>();
  #lastDefined: object | undefined;
  /** Identity of the job written last: its task, its id less its sequence number, and its priority. */
  #taskId = -1;
  #idBase = Number.NaN;
  #priority = Number.NaN;
  /** Word at which the values of the current entry begin. */
  #valuesAt = 0;
  #published = 0;
  #read = 0;
  /** Words written, and words read as of the last check. */
  #words = 0;
  #wordsRead = 0;
  /** Whether the values of the entry written last went by message, which takes much longer. */
  isByMessage = false;
  /** Sequence number of the next entry. Wraps. */
  nextSeq = 0;

  /**
   * @param events.bufferGone called with the number of a shared buffer that was collected here, and that the worker keeps.
   * @param events.sendMail sends the messages for the code of a job that is being written.
   */
  constructor(memory: WorkerMemory, payload: PayloadPort, { bufferGone, sendMail }: RequestLaneEvents) {
    this.#sendMail = sendMail;
    this.#texts = new TextWriter(memory);
    const buffers = new SentBuffers((fresh) => payload.send(fresh, 'args'), bufferGone);
    this.#ring = new RingWriter(memory.requests, LANE_WORDS, this.#texts, buffers);
    this.#control = memory.control;
    this.#payload = payload;
  }

  /** Whether the lane has room for `entries` more. */
  hasRoom(entries: number): boolean {
    if (((this.nextSeq - this.#read) | 0) + entries <= CAPACITY) return true;
    this.#read = Atomics.load(this.#control, Control.REQUESTS_READ);
    return ((this.nextSeq - this.#read) | 0) + entries <= CAPACITY;
  }

  /** Whether the worker has read all that was published. */
  get isRead(): boolean {
    return Atomics.load(this.#control, Control.REQUESTS_READ) === this.#published;
  }

  /** Writes an entry that only uses up its sequence number. */
  skip(): void {
    this.#writeEmpty(0, SKIP);
  }

  /** Whether the worker has yet to be sent the task's definition. */
  lacks(task: InFlightJobTask): boolean {
    if (task === this.#lastDefined) return false;
    if (!this.#defined.has(task)) return true;
    this.#lastDefined = task;
    return false;
  }

  /**
   * Sends the task's definition. Call before writing its first job: a definition has a sequence number of its own.
   *
   * @throws {NotCloneableError} if a common argument cannot be cloned; nothing is written then.
   */
  define(task: InFlightJobTask): void {
    const { commonArgs } = task;
    // first what may be refused: a message without an entry would be taken for the next one
    const tag = commonArgs === undefined ? 0 : this.#payload.send(commonArgs, 'options.args');
    this.#payload.post({ message: task.origin, moved: [] });
    this.#writeEmpty(task.id, DEFINITION | (tag << ARGUMENT_BITS));
    this.#defined.add(task);
  }

  /**
   * Writes a job's entry, not yet published.
   *
   * @throws {NotCloneableError} if an argument cannot be cloned; nothing is written then.
   */
  write(job: InFlightJob): void {
    const kind = kindOf(job);
    const isAlike =
      kind.task.id === this.#taskId && kind.priority === this.#priority && idOf(job) - this.nextSeq === this.#idBase;
    this.#valuesAt = this.#ring.offset + (isAlike ? REQUEST_HEAD : REQUEST_HEAD + IDENTITY_WORDS);
    const values = this.#putValues(job);
    this.isByMessage = (values & COUNT_MASK) === BY_MESSAGE;
    this.#ring.words[this.#ring.offset + 1] = isAlike ? values : values | this.#putIdentity(job);
    this.#end();
  }

  /** Makes what was written visible to the worker. Returns whether there was anything new. */
  publish(): boolean {
    if (this.#published === this.nextSeq) return false;
    this.#published = this.nextSeq;
    this.#texts.flush();
    Atomics.store(this.#control, Control.REQUEST_TAIL, this.nextSeq);
    return true;
  }

  /** Longest next entry, in words. */
  #longest(): number {
    const mark = (this.#words + LONG_ENTRY_WORDS - LONG_WORDS) | 0;
    if (((mark - this.#wordsRead) | 0) <= 0) return LONG_ENTRY_WORDS;
    this.#wordsRead = Atomics.load(this.#control, Control.REQUEST_WORDS_READ);
    return ((mark - this.#wordsRead) | 0) <= 0 ? LONG_ENTRY_WORDS : SHORT_ENTRY_WORDS;
  }

  /** Writes the identity in front of the values, which have been written. */
  #putIdentity(job: InFlightJob): number {
    const { task, priority } = kindOf(job);
    const { words, floats, offset } = this.#ring;
    this.#taskId = task.id;
    this.#idBase = idOf(job) - this.nextSeq;
    this.#priority = priority;
    words[offset] = task.id;
    floats[(offset + REQUEST_HEAD) >> 1] = this.#idBase;
    floats[(offset + REQUEST_HEAD + 2) >> 1] = priority;
    return HAS_IDENTITY;
  }

  #putValues(job: InFlightJob): number {
    try {
      return isPlain(job) ? this.#putArguments(job, undefined) : this.#putAll(job);
    } catch (error) {
      this.#ring.abandon(this.#valuesAt); // an element of `args` is a getter that threw
      throw error;
    }
  }

  #putAll(job: InFlightJob): number {
    const overrides = overridesOf(job);
    const mail = mailOf(job);
    if (mail !== undefined) this.#sendMail(job, mail);
    const kind = transferOf(job) === undefined ? this.#putArguments(job, overrides) : this.#sendValues(job, overrides);
    return timeoutMsOf(job) === undefined ? kind : kind | IS_ANNOUNCED;
  }

  #putArguments(job: InFlightJob, overrides: JobOverrides | undefined): number {
    const ring = this.#ring;
    const args = argsOf(job); // read once: a getter among them may settle the job, which clears them
    const { length } = args;
    if (length > MAX_INLINE_ARGUMENTS) return this.#sendValues(job, overrides);
    const limit = ring.offset + this.#longest();
    ring.cursor = this.#valuesAt;
    let tags = 0;
    for (let index = 0; index < length; index++) {
      const tag = ring.put(args[index], limit);
      if (tag === NOT_INLINE) return this.#sendValues(job, overrides);
      tags |= tag << (TAG_BITS * index);
    }
    const kind = length | (tags << ARGUMENT_BITS);
    return overrides === undefined ? kind : this.#putOverrides(job, overrides, limit, kind);
  }

  /** Writes the overrides behind the arguments. */
  #putOverrides(job: InFlightJob, overrides: JobOverrides, limit: number, argumentKind: number): number {
    const ring = this.#ring;
    let tags = argumentKind >> ARGUMENT_BITS;
    let count = argumentKind & COUNT_MASK;
    let flags = 0;
    for (const [name, flag] of OVERRIDES) {
      const value = overrides[name];
      if (value === undefined) continue;
      const tag = count === MAX_INLINE_VALUES ? NOT_INLINE : ring.put(value, limit);
      if (tag === NOT_INLINE) return this.#sendValues(job, overrides);
      tags |= tag << (TAG_BITS * count++);
      flags |= flag;
    }
    return count | (tags << ARGUMENT_BITS) | flags;
  }

  /** Sends one message per job, although one for many would be cheaper: jobs given the same object each get their own copy (I10). */
  #sendValues(job: InFlightJob, overrides: JobOverrides | undefined): number {
    const args = argsOf(job);
    const transfer = transferOf(job) as readonly Transferable[] | undefined;
    this.#ring.abandon(this.#valuesAt);
    if (overrides === undefined) return BY_MESSAGE | (this.#payload.send(args, 'args', transfer) << ARGUMENT_BITS);
    const given = OVERRIDES.filter(([name]) => overrides[name] !== undefined);
    const root = {
      list: 'args',
      at: (index: number): string => given[index - args.length]?.[0] ?? `args[${index}]`,
    };
    const tag = this.#payload.send([...args, ...given.map(([name]) => overrides[name])], root, transfer);
    return given.reduce((kind, [, flag]) => kind | flag, BY_MESSAGE | (tag << ARGUMENT_BITS));
  }

  /** Writes an entry without values. */
  #writeEmpty(taskId: number, kind: number): void {
    const { words, offset } = this.#ring;
    words[offset] = taskId;
    words[offset + 1] = kind;
    this.#ring.cursor = offset + REQUEST_HEAD;
    this.#end();
  }

  #end(): void {
    this.#words = (this.#words + this.#ring.advance()) | 0;
    this.nextSeq = (this.nextSeq + 1) | 0;
  }
}
