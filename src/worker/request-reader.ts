import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Bare } from '../base/bare.js';
import type { JobOverrides } from '../contract/job-overrides.js';
import type { TaskDefinition } from '../contract/task-definition.js';
import {
  ARGUMENT_BITS,
  BY_MESSAGE,
  COUNT_MASK,
  DEFINITION,
  HAS_IDENTITY,
  HAS_OVERRIDES,
  IS_ANNOUNCED,
  OVERRIDES,
  REQUEST_HEAD,
  SKIP,
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
import { type CommonArgs, type DefinedTask, NO_COMMON_ARGS } from './tasks/known-task.js';

const NO_OVERRIDES: JobOverrides = Object.freeze(new Bare());
const LAST_FIRST = OVERRIDES.toReversed();

export interface RequestReaderEvents {
  /** The entry's job is less urgent than the one before. */
  lessUrgentRead(): void;
}

/** The worker's end of the request lane, which brings its jobs. */
export class RequestReader implements JobHead {
  readonly #ring: RingReader;
  readonly #texts: TextReader;
  readonly #buffers: ReceivedBuffers;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #payload: PayloadPort;
  /** Lists of arguments for reuse, by length. */
  readonly #lists: (unknown[] | undefined)[] = [];
  #tail = 0;
  #kind = 0;
  #idBase = 0;
  /** Number of words read. Wraps. */
  #words = 0;
  /** The sequence number of the current entry. */
  position = 0;
  // The job whose values were read last. Fields, not an object for each job, as a million jobs a second pass here.
  seq = 0;
  taskId = 0;
  priority = 0;
  overrides = NO_OVERRIDES;
  isAnnounced = false;
  #listener: RequestReaderEvents = { lessUrgentRead: () => {} };

  constructor(memory: WorkerMemory, port: MessagePort, payload: PayloadPort) {
    this.#texts = new TextReader(memory);
    this.#buffers = new ReceivedBuffers(() => this.#receive() as SharedArrayBuffer[]);
    this.#ring = new RingReader(memory.requests, LANE_WORDS, this.#texts, this.#buffers);
    this.#control = memory.control;
    this.#port = port;
    this.#payload = payload;
  }

  /** Connects the receiver of reports, which is made after this reader. */
  reportTo(listener: RequestReaderEvents): void {
    this.#listener = listener;
  }

  get id(): number {
    return this.#idBase + this.seq;
  }

  /** Whether all entries written so far are read. Reads shared memory. */
  get isEmpty(): boolean {
    this.#tail = Atomics.load(this.#control, Control.REQUEST_TAIL);
    return this.#tail === this.position;
  }

  /** Whether more than `count` entries are unread. Reads shared memory only if needed. */
  hasMoreThan(count: number): boolean {
    return ((this.#tail - this.position) | 0) > count || (!this.isEmpty && ((this.#tail - this.position) | 0) > count);
  }

  /** Moves to the next entry. Returns false if there is none. Reads shared memory only if all entries known so far are read. */
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
    if (this.priority < before) this.#listener.lessUrgentRead();
  }

  /** Publishes how far the lane is read, so that the main thread may write that part again. */
  publishRead(): void {
    // each by an atomic store, as the writer reads each by itself: memory is read here before it is written again
    Atomics.store(this.#control, Control.REQUEST_WORDS_READ, this.#words);
    Atomics.store(this.#control, Control.TEXT_BYTES_READ, this.#texts.passed);
    Atomics.store(this.#control, Control.REQUESTS_READ, this.position);
  }

  get entryKind(): 'job' | 'definition' | 'skip' {
    const count = this.#kind & COUNT_MASK;
    return count === DEFINITION ? 'definition' : count === SKIP ? 'skip' : 'job';
  }

  /** Whether the current entry's values come by message. */
  get isByMessage(): boolean {
    return (this.#kind & COUNT_MASK) === BY_MESSAGE;
  }

  /** The task id, if the entry has one. */
  get #entryTaskId(): number {
    return this.#ring.words[this.#ring.offset] ?? 0;
  }

  skipEntry(): void {
    this.#words = (this.#words + this.#ring.advance()) | 0;
    this.position = (this.position + 1) | 0;
  }

  /** Reads the task that the current entry defines, and ends the entry. */
  readDefinition(): DefinedTask {
    const id = this.#entryTaskId;
    const tag = (this.#kind >> ARGUMENT_BITS) & TAG_MASK;
    const commonArgs = tag === 0 ? NO_COMMON_ARGS : this.#readCommonArgs(tag);
    return { id, commonArgs, definition: this.readMessage() as TaskDefinition };
  }

  /** A message that cannot be read is removed from its port nevertheless. */
  #readCommonArgs(tag: number): CommonArgs {
    try {
      return { list: this.#payload.open(this.#receive(), tag) as readonly unknown[] };
    } catch (fault) {
      return { fault: unreadable('options.args', fault) };
    }
  }

  /** Reads the message of the current entry, and ends the entry. */
  readMessage(tag = 0): unknown {
    const message = this.#receive();
    this.skipEntry();
    return this.#payload.open(message, tag);
  }

  #receive(): unknown {
    const received = receiveMessageOnPort(this.#port);
    // the main thread posts a message before it publishes its entry
    if (received === undefined) throw new Error('A request entry names a message that did not arrive');
    return received.message;
  }

  /** No later job will be sent the shared memory with that number. */
  forgetMemory(number: number): void {
    this.#buffers.forget(number);
  }

  /**
   * Reads the arguments of the current entry's job, and ends the entry, even if a value cannot be read. The fields then describe
   * the job. The next call may reuse the list.
   *
   * @throws {NotCloneableError} if a value cannot be read. After any other error the rest of the lane cannot be read.
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
        if (tag === Tag.TREE) mayBeReused = false; // the list would keep an object, and memory that it is a view of
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

  /** A message that cannot be read is removed from its port nevertheless. */
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

/** Returns the path of the value at `index` among `count`: an argument, or one of the overrides after these. */
function pathOf(index: number, count: number, kind: number): string {
  const given = (kind & HAS_OVERRIDES) === 0 ? [] : OVERRIDES.filter(([, flag]) => (kind & flag) !== 0);
  return given[index - (count - given.length)]?.[0] ?? `args[${index}]`;
}

/** Removes the overrides from the list, where they follow the arguments. */
function takeOverrides(values: unknown[], kind: number): JobOverrides {
  const overrides = new Bare() as Partial<Record<keyof JobOverrides, unknown>>;
  for (const [name, flag] of LAST_FIRST) if ((kind & flag) !== 0) overrides[name] = values.pop();
  return overrides as JobOverrides;
}
