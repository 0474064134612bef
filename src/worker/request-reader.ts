import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Bare } from '../base/bare.js';
import type { JobOverrides } from '../contract/job-overrides.js';
import type { TaskDefinition } from '../contract/task-origin.js';
import {
  ARGUMENT_BITS,
  BY_MESSAGE,
  COUNT_MASK,
  DEFINITION,
  HAS_IDENTITY,
  HAS_OVERRIDES,
  HOLE,
  IS_ANNOUNCED,
  OVERRIDES,
  REQUEST_HEAD,
  TAG_BITS,
  TAG_MASK,
} from '../wire/lane/entry-format.js';
import { ReceivedBuffers } from '../wire/lane/known-buffers.js';
import { Control, LANE_WORDS, type WorkerMemory } from '../wire/lane/layout.js';
import { RingReader, Tag } from '../wire/lane/ring.js';
import { TextReader } from '../wire/lane/text-lane.js';
import type { PayloadPort } from '../wire/message/payload-port.js';
import { unreadable } from '../wire/message/unreadable.js';
import type { JobHead } from './job-context.js';

const NO_OVERRIDES: JobOverrides = Object.freeze(new Bare());
const LAST_FIRST = OVERRIDES.toReversed();

/** The worker's end of the lane that brings it jobs. */
export class RequestReader implements JobHead {
  readonly #ring: RingReader;
  readonly #texts: TextReader;
  readonly #buffers: ReceivedBuffers;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #payload: PayloadPort;
  /** Lists of arguments, by their length. */
  readonly #lists: (unknown[] | undefined)[] = [];
  #tail = 0;
  #kind = 0;
  #idBase = 0;
  /** Words read. */
  #words = 0;
  /** The sequence number of the entry it is at. */
  position = 0;
  // Of the job whose values were read last. Fields, not an object a job: a million jobs a second pass here.
  seq = 0;
  taskId = 0;
  priority = 0;
  overrides = NO_OVERRIDES;
  isAnnounced = false;
  /** Called when the entry that it has come to is of a job less urgent than the one before. */
  cameToLessUrgent = (): void => {};

  constructor(memory: WorkerMemory, port: MessagePort, payload: PayloadPort) {
    this.#texts = new TextReader(memory);
    this.#buffers = new ReceivedBuffers(() => this.#receive() as SharedArrayBuffer[]);
    this.#ring = new RingReader(memory.requests, LANE_WORDS, this.#texts, this.#buffers);
    this.#control = memory.control;
    this.#port = port;
    this.#payload = payload;
  }

  get id(): number {
    return this.#idBase + this.seq;
  }

  /** Whether all entries written so far are read. Looks into shared memory. */
  get isEmpty(): boolean {
    this.#tail = Atomics.load(this.#control, Control.REQUEST_TAIL);
    return this.#tail === this.position;
  }

  /** Whether more entries than so many wait to be read. Looks into shared memory only where it has to. */
  hasMoreThan(count: number): boolean {
    return ((this.#tail - this.position) | 0) > count || (!this.isEmpty && ((this.#tail - this.position) | 0) > count);
  }

  /** Goes to the next entry. False when there is none; what was written since the last `isEmpty` is not looked for. */
  next(): boolean {
    if (this.#tail === this.position && this.isEmpty) return false;
    const { words, offset } = this.#ring;
    this.#kind = words[offset + 1] ?? 0;
    this.#ring.cursor = offset + REQUEST_HEAD;
    if ((this.#kind & HAS_IDENTITY) !== 0) this.#readIdentity();
    return true;
  }

  #readIdentity(): void {
    this.taskId = this.#entryTaskId;
    this.#idBase = this.#ring.takeFloat();
    const before = this.priority;
    this.priority = this.#ring.takeFloat();
    if (this.priority < before) this.cameToLessUrgent();
  }

  /** Tells the main thread how far the lane has been read: that much of it may be written again. */
  publishRead(): void {
    // each by an atomic store, as the writer looks at each by itself: what is read here is read before it is written again
    Atomics.store(this.#control, Control.REQUEST_WORDS_READ, this.#words);
    Atomics.store(this.#control, Control.TEXT_BYTES_READ, this.#texts.passed);
    Atomics.store(this.#control, Control.REQUESTS_READ, this.position);
  }

  get entryKind(): 'job' | 'definition' | 'hole' {
    const count = this.#kind & COUNT_MASK;
    return count === DEFINITION ? 'definition' : count === HOLE ? 'hole' : 'job';
  }

  /** Whether the entry's values come by message. */
  get isByMessage(): boolean {
    return (this.#kind & COUNT_MASK) === BY_MESSAGE;
  }

  /** Of an entry that names a task. */
  get #entryTaskId(): number {
    return this.#ring.words[this.#ring.offset] ?? 0;
  }

  skipEntry(): void {
    this.#words = (this.#words + this.#ring.advance()) | 0;
    this.position = (this.position + 1) | 0;
  }

  /** The task that an entry defines, which is done with. */
  readDefinition(): { readonly id: number; readonly definition: TaskDefinition } {
    const id = this.#entryTaskId;
    return { id, definition: this.readMessage() as TaskDefinition };
  }

  /** The message that belongs to the entry, which is done with. */
  readMessage(tag = 0): unknown {
    const message = this.#receive();
    this.skipEntry();
    return this.#payload.open(message, tag);
  }

  #receive(): unknown {
    const received = receiveMessageOnPort(this.#port);
    // the main thread posts a message before it publishes the entry that names it
    if (received === undefined) throw new Error('A request entry names a message that did not come');
    return received.message;
  }

  /** No job will be given that shared memory any more. */
  forgetMemory(number: number): void {
    this.#buffers.forget(number);
  }

  /**
   * The job's arguments, in a list that the next call may use again; this then describes the job. The entry is done with, also
   * where a value of it cannot be read.
   *
   * @throws {NotCloneableError} for a value that cannot be read. Anything else: the lane is out of step.
   */
  readValues(): unknown[] {
    const kind = this.#kind;
    this.seq = this.position;
    this.overrides = NO_OVERRIDES;
    this.isAnnounced = (kind & IS_ANNOUNCED) !== 0;
    const values = this.#readAll(kind);
    if ((kind & HAS_OVERRIDES) !== 0) this.overrides = takeOverrides(values, kind);
    return values;
  }

  #readAll(kind: number): unknown[] {
    const count = kind & COUNT_MASK;
    if (count === BY_MESSAGE) return this.#readByMessage((kind >> ARGUMENT_BITS) & TAG_MASK);
    const isPlain = (kind & HAS_OVERRIDES) === 0;
    const values = (isPlain ? this.#lists[count] : undefined) ?? new Array<unknown>(count);
    let mayBeReused = isPlain;
    let i = 0;
    let tags = kind >> ARGUMENT_BITS;
    try {
      for (; i < count; i++, tags >>= TAG_BITS) {
        const tag = tags & TAG_MASK;
        if (tag === Tag.TREE) mayBeReused = false; // it would keep an object, and the memory that this shows
        values[i] = this.#ring.take(tag);
      }
    } catch (fault) {
      const path = pathOf(i, count, kind);
      for (; i < count; i++, tags >>= TAG_BITS) this.#ring.pass(tags & TAG_MASK);
      this.#lists[count] = undefined;
      this.skipEntry();
      throw unreadable(path, fault);
    }
    this.#lists[count] = mayBeReused ? values : undefined;
    this.skipEntry();
    return values;
  }

  /** The message is gone from its port as soon as it was to be read. */
  #readByMessage(tag: number): unknown[] {
    const { position } = this;
    try {
      return this.readMessage(tag) as unknown[];
    } catch (fault) {
      if (this.position === position) this.skipEntry();
      throw unreadable('args', fault);
    }
  }
}

/** How the value at the index is named, of so many in the entry: an argument, or what stands behind these. */
function pathOf(index: number, count: number, kind: number): string {
  const given = (kind & HAS_OVERRIDES) === 0 ? [] : OVERRIDES.filter(([, flag]) => (kind & flag) !== 0);
  return given[index - (count - given.length)]?.[0] ?? `args[${index}]`;
}

/** Takes off the list what stands behind the arguments. */
function takeOverrides(values: unknown[], kind: number): JobOverrides {
  const overrides = new Bare() as Partial<Record<keyof JobOverrides, unknown>>;
  for (const [name, flag] of LAST_FIRST) if ((kind & flag) !== 0) overrides[name] = values.pop();
  return overrides as JobOverrides;
}
