import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { toTicks } from '../sync/ticks.js';
import type { PayloadPort } from './envelope.js';
import { decodeError, decodeReason, type ErrorRecord, isCancelledRecord } from './error-codec.js';
import { Control, LANE_WORDS, type WorkerMemory } from './layout.js';
import type { Printed } from './output.js';
import {
  ANSWER_MASK,
  Answer,
  type AskedChild,
  IS_STAMPED,
  RESULT_HEAD,
  SLOT_BITS,
  TAG_MASK,
  TAG_SHIFT,
} from './protocol.js';
import { RingReader, Tag } from './ring.js';

/** What a job's code threw. */
export interface Thrown {
  readonly error: Error;
  /** It was a `CancelledError`: the task stopped because it was asked to. */
  readonly isCancelled: boolean;
}

/** How code ended that was asked to stop. */
export type StoppedEnd =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: Thrown };

/** Who is told what the entries say, by the slot of the job. */
export interface ResultReader {
  started(slot: number): void;
  reported(slot: number, value: unknown): void;
  /** The code ended by itself. */
  returned(slot: number, value: unknown): void;
  threw(slot: number, thrown: Thrown): void;
  /** The code has cancelled its own job's token. */
  tokenCancelled(slot: number, reason: unknown): void;
  /** The code awaits something while it has children. */
  suspended(slot: number): void;
  /** The code submits a child. */
  asked(slot: number, child: AskedChild): void;
  /** There was no code to run. */
  failedToStart(slot: number, thrown: Thrown): void;
  /** The code ended, either way, after it was asked to. */
  stopped(slot: number, end: StoppedEnd): void;
  /** Code of the thread has written to stdout or stderr. */
  printed(printed: readonly Printed[]): void;
}

/** The main thread's end of the lane that carries results from one worker: the worker writes, it reads. */
export class ResultLane {
  readonly #ring: RingReader;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #payload: PayloadPort;
  #readCount = 0;
  #readWords = 0;
  #lastEndMs = 0;
  /** Of the entry last read: when the job's code began, in ms of `now()`, and how long it ran. */
  begunAtMs = 0;
  runTicks = 0;

  constructor(memory: WorkerMemory, port: MessagePort, payload: PayloadPort) {
    this.#ring = new RingReader(memory.results, LANE_WORDS);
    this.#control = memory.control;
    this.#port = port;
    this.#payload = payload;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#control, Control.RESULT_TAIL) === this.#readCount;
  }

  /** Reads up to `max` entries; returns how many. */
  read(max: number, reader: ResultReader): number {
    const available = (Atomics.load(this.#control, Control.RESULT_TAIL) - this.#readCount) | 0;
    const count = available < max ? available : max;
    if (count === 0) return 0;
    for (let left = count; left > 0; left--) this.#readEntry(reader);
    Atomics.store(this.#control, Control.RESULT_WORDS_READ, this.#readWords);
    return count;
  }

  #readEntry(reader: ResultReader): void {
    const ring = this.#ring;
    const { offset } = ring;
    const head = ring.words[offset] ?? 0;
    const slot = head & ((1 << SLOT_BITS) - 1);
    const answer = (head >> SLOT_BITS) & ANSWER_MASK;
    const tag = (head >> TAG_SHIFT) & TAG_MASK;
    const runMs = ring.singles[offset + 1] ?? 0;
    ring.cursor = offset + RESULT_HEAD;
    if ((head & IS_STAMPED) !== 0) this.#lastEndMs = ring.takeFloat(); // not `? :`, which would make objects of floats
    this.begunAtMs = this.#lastEndMs;
    this.#lastEndMs += runMs;
    this.runTicks = toTicks(runMs);
    const value = tag < Tag.MESSAGE ? ring.take(tag) : this.#receive(tag);
    this.#readWords = (this.#readWords + ring.advance()) | 0;
    this.#readCount = (this.#readCount + 1) | 0;
    if (answer === Answer.RETURNED) reader.returned(slot, value);
    else this.#dispatchRare(reader, slot, answer, value);
  }

  #dispatchRare(reader: ResultReader, slot: number, answer: number, value: unknown): void {
    switch (answer) {
      case Answer.THREW:
        reader.threw(slot, toThrown(value));
        break;
      case Answer.TOKEN_CANCELLED:
        reader.tokenCancelled(slot, decodeReason(value as ErrorRecord));
        break;
      case Answer.SUSPENDED:
        reader.suspended(slot);
        break;
      case Answer.NO_CODE:
        reader.failedToStart(slot, toThrown(value));
        break;
      case Answer.STOPPED_RETURNED:
        reader.stopped(slot, { kind: 'returned', value });
        break;
      case Answer.STOPPED_THREW:
        reader.stopped(slot, { kind: 'threw', thrown: toThrown(value) });
        break;
      case Answer.REPORTED:
        reader.reported(slot, value);
        break;
      case Answer.TOLD_MANY:
        for (const [told, item] of value as readonly (readonly [number, unknown])[])
          this.#dispatchRare(reader, slot, told, item);
        break;
      case Answer.ASKED:
        reader.asked(slot, value as AskedChild);
        break;
      case Answer.STARTED:
        reader.started(slot);
        break;
      case Answer.PRINTED:
        reader.printed(value as readonly Printed[]);
        break;
    }
  }

  #receive(tag: number): unknown {
    const received = receiveMessageOnPort(this.#port);
    // the worker posts a value before it publishes the entry that names it
    if (received === undefined) throw new Error('A result entry names a message that did not come');
    return this.#payload.open(received.message, tag);
  }
}

function toThrown(value: unknown): Thrown {
  const record = value as ErrorRecord;
  return { error: decodeError(record), isCancelled: isCancelledRecord(record) };
}
