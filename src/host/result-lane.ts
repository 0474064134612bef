import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { toTicks } from '../base/ticks.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Printed } from '../contract/printed.js';
import {
  type BatchItem,
  ENTRY_KIND_MASK,
  EntryKind,
  IS_STAMPED,
  RESULT_HEAD,
  SLOT_BITS,
  TAG_MASK,
  TAG_SHIFT,
} from '../wire/lane/entry-format.js';
import { Control, LANE_WORDS, type WorkerMemory } from '../wire/lane/layout.js';
import { RingReader, Tag } from '../wire/lane/ring.js';
import { decodeError, decodeReason, type ErrorRecord, isCancelledRecord } from '../wire/message/error-codec.js';
import type { PayloadPort } from '../wire/message/payload-port.js';
import { unreadable } from '../wire/message/unreadable.js';

/** What a job's code threw. */
export interface Thrown {
  readonly error: Error;
  /** Whether the code threw a `CancelledError`: it stopped because it was asked to. */
  readonly isCancelled: boolean;
}

/** How code that was asked to stop ended. */
export type StoppedEnd =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: Thrown };

/** Receives what the entries say, by the job's slot. */
export interface ResultReader {
  started(slot: number): void;
  reported(slot: number, value: unknown): void;
  /** The code has reported a value that cannot be read. */
  reportLost(slot: number, error: Error): void;
  /** The code ended by itself. */
  returned(slot: number, value: unknown): void;
  threw(slot: number, thrown: Thrown): void;
  /** The code has cancelled the token of its own job. */
  tokenCancelled(slot: number, reason: unknown): void;
  /** The code awaits something while it has children. */
  suspended(slot: number): void;
  /** The code blocks the thread to wait for another thread. */
  blocked(slot: number): void;
  /** The code has read a message that the pool keeps until then. */
  messageRead(slot: number): void;
  /** The code submits a child. */
  childSubmitted(slot: number, child: ChildSubmission): void;
  /** The code submits a child whose arguments or options cannot be read. */
  childLost(slot: number, child: number, error: Error): void;
  /** The job has failed before its code began. */
  failedToStart(slot: number, thrown: Thrown): void;
  /** The code returned or threw after it was asked to stop. */
  stopped(slot: number, end: StoppedEnd): void;
  /** Code of the thread has written to stdout or stderr. */
  printed(printed: readonly Printed[]): void;
  /** The lane cannot be read any further: the start of its next entry is unknown. */
  broke(cause: unknown): void;
}

/** The pool's end of the lane that carries results from one worker: reads entries that the worker writes. */
export class ResultLane {
  readonly #ring: RingReader;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #payload: PayloadPort;
  #readCount = 0;
  #readWords = 0;
  #isBroken = false;
  #isReading = false;
  /** Number of the last entry whose message was taken from its port. */
  #receivedAt = -1;
  /** Number of the child that the next entry submits. */
  #child = 0;
  #lastEndMs = 0;
  /** For the entry last read: when the job's code began, in ms of `now()`, and how long it ran. */
  begunAtMs = 0;
  runTicks = 0;

  constructor(memory: WorkerMemory, port: MessagePort, payload: PayloadPort) {
    this.#ring = new RingReader(memory.results, LANE_WORDS);
    this.#control = memory.control;
    this.#port = port;
    this.#payload = payload;
  }

  get isEmpty(): boolean {
    return this.#isBroken || Atomics.load(this.#control, Control.RESULT_TAIL) === this.#readCount;
  }

  /**
   * Reads up to `max` entries; returns how many. An error in reading a value fails only the job of that entry, which counts as
   * read. Returns 0 within a call of the reader: a job that settles may release others, for which lanes are read.
   */
  read(max: number, reader: ResultReader): number {
    if (this.#isReading) return 0;
    this.#isReading = true;
    try {
      return this.#read(max, reader);
    } finally {
      this.#isReading = false;
    }
  }

  #read(max: number, reader: ResultReader): number {
    const available = this.#isBroken ? 0 : (Atomics.load(this.#control, Control.RESULT_TAIL) - this.#readCount) | 0;
    const count = available < max ? available : max;
    if (count === 0) return 0;
    let at = this.#readCount;
    const end = (at + count) | 0;
    while (at !== end) {
      try {
        for (; at !== end; at = (at + 1) | 0) this.#readEntry(reader);
      } catch (fault) {
        if (this.#readCount !== at) {
          this.#publishRead();
          throw fault; // the reader's own fault
        }
        if (!this.#passEntry(reader, fault)) break;
        at = (at + 1) | 0;
      }
    }
    this.#publishRead();
    return count;
  }

  #publishRead(): void {
    Atomics.store(this.#control, Control.RESULT_WORDS_READ, this.#readWords);
  }

  #readEntry(reader: ResultReader): void {
    const ring = this.#ring;
    const { offset } = ring;
    const head = ring.words[offset] ?? 0;
    const slot = head & ((1 << SLOT_BITS) - 1);
    const kind = (head >> SLOT_BITS) & ENTRY_KIND_MASK;
    const tag = (head >> TAG_SHIFT) & TAG_MASK;
    const runMs = ring.singles[offset + 1] ?? 0;
    ring.cursor = offset + RESULT_HEAD;
    if ((head & IS_STAMPED) !== 0) this.#lastEndMs = ring.takeFloat(); // not `? :`, which would box the floats
    this.begunAtMs = this.#lastEndMs;
    this.#lastEndMs += runMs;
    this.runTicks = toTicks(runMs);
    const value = tag < Tag.MESSAGE ? ring.take(tag) : this.#receiveEntry(tag);
    this.#entryRead();
    if (kind === EntryKind.RETURNED) reader.returned(slot, value);
    else this.#dispatchRare(reader, slot, kind, value);
  }

  #entryRead(): void {
    this.#readWords = (this.#readWords + this.#ring.advance()) | 0;
    this.#readCount = (this.#readCount + 1) | 0;
  }

  /** Skips the current entry, whose value could not be read, and reports it. Returns false if the lane is out of step. */
  #passEntry(reader: ResultReader, fault: unknown): boolean {
    let head: number;
    try {
      head = this.#passOver();
    } catch {
      this.#isBroken = true;
      reader.broke(fault);
      return false;
    }
    this.#reportUnread(reader, head & ((1 << SLOT_BITS) - 1), (head >> SLOT_BITS) & ENTRY_KIND_MASK, fault);
    return true;
  }

  /** Returns the head of the entry. Throws if the start of the next entry is unknown. */
  #passOver(): number {
    const ring = this.#ring;
    const { offset } = ring;
    const head = ring.words[offset] ?? 0;
    const tag = (head >> TAG_SHIFT) & TAG_MASK;
    if (((head >> SLOT_BITS) & ENTRY_KIND_MASK) === EntryKind.BATCH)
      throw new Error('Cannot go on: how many messages follow is in one that could not be read');
    ring.cursor = offset + RESULT_HEAD + ((head & IS_STAMPED) !== 0 ? 2 : 0);
    if (tag < Tag.MESSAGE) ring.pass(tag);
    else if (this.#receivedAt !== this.#readCount) this.#dropMessage();
    this.#entryRead();
    return head;
  }

  /** Takes a message. One that cannot be read is removed from its port all the same. */
  #dropMessage(): void {
    try {
      receiveMessageOnPort(this.#port);
    } catch {}
  }

  #reportUnread(reader: ResultReader, slot: number, kind: number, fault: unknown): void {
    switch (kind) {
      case EntryKind.RETURNED:
        reader.threw(slot, { error: unreadable('result', fault), isCancelled: false });
        break;
      case EntryKind.STOPPED_RETURNED:
        reader.stopped(slot, {
          kind: 'threw',
          thrown: { error: unreadable('result', fault), isCancelled: false },
        });
        break;
      case EntryKind.THREW:
        reader.threw(slot, { error: unreadable('error', fault), isCancelled: false });
        break;
      case EntryKind.FAILED_TO_START:
        reader.failedToStart(slot, { error: unreadable('error', fault), isCancelled: false });
        break;
      case EntryKind.STOPPED_THREW:
        reader.stopped(slot, { kind: 'threw', thrown: { error: unreadable('error', fault), isCancelled: false } });
        break;
      case EntryKind.TOKEN_CANCELLED:
        reader.tokenCancelled(slot, unreadable('reason', fault));
        break;
      case EntryKind.REPORTED:
        reader.reportLost(slot, unreadable('report', fault));
        break;
      case EntryKind.CHILD_SUBMITTED:
        reader.childLost(slot, this.#child, unreadable('child.args', fault));
        break;
      case EntryKind.STARTED:
      case EntryKind.SUSPENDED:
      case EntryKind.BLOCKED:
      case EntryKind.MESSAGE_READ:
        this.#dispatchRare(reader, slot, kind, undefined); // these entries have no value
        break;
    }
  }

  #dispatchRare(reader: ResultReader, slot: number, kind: number, value: unknown): void {
    switch (kind) {
      case EntryKind.THREW:
        reader.threw(slot, toThrown(value));
        break;
      case EntryKind.TOKEN_CANCELLED:
        reader.tokenCancelled(slot, decodeReason(value as ErrorRecord));
        break;
      case EntryKind.SUSPENDED:
        reader.suspended(slot);
        break;
      case EntryKind.BLOCKED:
        reader.blocked(slot);
        break;
      case EntryKind.MESSAGE_READ:
        reader.messageRead(slot);
        break;
      case EntryKind.FAILED_TO_START:
        reader.failedToStart(slot, toThrown(value));
        break;
      case EntryKind.STOPPED_RETURNED:
        reader.stopped(slot, { kind: 'returned', value });
        break;
      case EntryKind.STOPPED_THREW:
        reader.stopped(slot, { kind: 'threw', thrown: toThrown(value) });
        break;
      case EntryKind.REPORTED:
        reader.reported(slot, value);
        break;
      case EntryKind.BATCH:
        for (const item of value as readonly BatchItem[]) this.#readItem(reader, slot, item);
        break;
      case EntryKind.CHILD:
        this.#child = value as number;
        break;
      case EntryKind.ORPHAN:
        break;
      case EntryKind.CHILD_SUBMITTED:
        reader.childSubmitted(slot, value as ChildSubmission);
        break;
      case EntryKind.STARTED:
        reader.started(slot);
        break;
      case EntryKind.PRINTED:
        reader.printed(value as readonly Printed[]);
        break;
    }
  }

  /** Reads an item of a batch: its value is the next message. */
  #readItem(reader: ResultReader, slot: number, [kind, child, tag]: BatchItem): void {
    this.#child = child;
    let value: unknown;
    try {
      value = this.#receive(tag);
    } catch (fault) {
      this.#reportUnread(reader, slot, kind, fault);
      return;
    }
    this.#dispatchRare(reader, slot, kind, value);
  }

  /** Takes the message of the current entry. */
  #receiveEntry(tag: number): unknown {
    this.#receivedAt = this.#readCount;
    return this.#receive(tag);
  }

  #receive(tag: number): unknown {
    const received = receiveMessageOnPort(this.#port);
    // the worker posts a value before it publishes the entry that refers to it
    if (received === undefined) throw new Error('A result entry refers to a message that did not arrive');
    return this.#payload.open(received.message, tag);
  }
}

/** Like `decodeError`, but never throws. */
export function toThrown(value: unknown): Thrown {
  const record = value as ErrorRecord;
  try {
    return { error: decodeError(record), isCancelled: isCancelledRecord(record) };
  } catch (fault) {
    return { error: unreadable('error', fault), isCancelled: false };
  }
}
