import type { ChildSubmission } from '../../contract/child-submission.js';
import type { Printed } from '../../contract/printed.js';
import {
  type BatchItem,
  EntryKind,
  IS_STAMPED,
  RESULT_HEAD,
  resultHead,
  SLOT_BITS,
} from '../../wire/lane/entry-format.js';
import {
  Control,
  LANE_WORDS,
  LONG_ENTRY_WORDS,
  LONG_WORDS,
  MASK,
  SHORT_ANSWER_WORDS,
  type WorkerMemory,
} from '../../wire/lane/layout.js';
import { NOT_INLINE, RingWriter, Tag } from '../../wire/lane/ring.js';
import { type EndOutcome, SlotTable } from '../../wire/lane/slot-table.js';
import { withoutUncloneable } from '../../wire/message/chunk-outcome.js';
import { type ErrorRecord, encodeError } from '../../wire/message/error-codec.js';
import { isMoved, movedValueOf, transferablesOf } from '../../wire/message/move.js';
import type { Copy, PayloadPort } from '../../wire/message/payload-port.js';
import type { OutputLane } from '../output.js';
import { Overflow, type WaitingEntry } from './overflow.js';

type TransferList = readonly unknown[];

/** Slot of an entry that belongs to no job. */
const NO_SLOT = (1 << SLOT_BITS) - 1;
/** How often, and how long each time, an answer waits for room for output that goes before it. */
const MAX_WAITS = 1000;
const WAIT_MS = 1;

/** Longest time between the end of a job and the begin of the next without a stamp in the next one's entry. */
const STAMP_ABOVE_MS = 0.0005;

/** The worker's end of the result lane. */
export class ResultWriter implements OutputLane {
  readonly #ring: RingWriter;
  readonly #control: Int32Array;
  readonly #payload: PayloadPort;
  readonly #slots: SlotTable;
  #begunAtMs = 0;
  #runMs = 0;
  /** When the code of the last entry ended, as the reader computes it. */
  #lastEndMs = 0;
  #isStamped = false;
  #isPutting = false;
  #writtenCount = 0;
  #writtenWords = 0;
  #wordsRead = 0;
  readonly #overflow = new Overflow();
  /** Number of messages sent whose entry is not written. It never is if a task that reports overflows the stack in between. */
  #owed = 0;

  constructor(memory: WorkerMemory, payload: PayloadPort) {
    this.#slots = new SlotTable(memory.slots);
    this.#ring = new RingWriter(memory.results, LANE_WORDS);
    this.#control = memory.control;
    this.#payload = payload;
  }

  /** Sets the times of the next answer. */
  time(begunAtMs: number, endedAtMs: number): void {
    this.#begunAtMs = begunAtMs;
    this.#runMs = endedAtMs - begunAtMs;
  }

  /** Ends the job and writes its answer. */
  returned(seq: number, value: unknown): EndOutcome {
    if (this.#overflow.size > 0) this.#flushBeforeAnswer(seq);
    let tag: number;
    try {
      tag = isMoved(value)
        ? this.#move(movedValueOf(value), 'result', transferablesOf(value))
        : this.#put(value, 'result');
    } catch (error) {
      const rest = withoutUncloneable(value, (result) => this.#copy(result, 'result'));
      return rest === undefined ? this.threw(seq, encodeError(error)) : this.returned(seq, rest);
    }
    return this.#end(seq, EntryKind.RETURNED, tag);
  }

  /** Like `returned`. */
  threw(seq: number, record: ErrorRecord): EndOutcome {
    if (this.#overflow.size > 0) this.#flushBeforeAnswer(seq);
    return this.#end(seq, EntryKind.THREW, this.#post(record, 'error'));
  }

  /** Like `threw`, for a job whose code did not begin. */
  failedToStart(seq: number, record: ErrorRecord): EndOutcome {
    if (this.#overflow.size > 0) this.#flushBeforeAnswer(seq);
    return this.#end(seq, EntryKind.FAILED_TO_START, this.#post(record, 'error'));
  }

  /**
   * The code has cancelled its own job's token. There is always room, see `SHORT_ANSWER_WORDS`. Not written if a getter of a value
   * that is being written has done so.
   */
  tokenCancelled(seq: number, reason: ErrorRecord): void {
    if (this.#isPutting) return;
    this.#write(resultHead(seq & MASK, EntryKind.TOKEN_CANCELLED, this.#post(reason, 'reason')));
  }

  /** The job is open and has children. */
  suspended(seq: number): void {
    this.#note(seq, EntryKind.SUSPENDED);
  }

  /** The job's code has read a message that the pool keeps until then. */
  messageRead(seq: number): void {
    this.#note(seq, EntryKind.MESSAGE_READ);
  }

  /** Writes an entry without a value, while the job's code runs on. Not in a getter of a value that is being written. */
  #note(seq: number, kind: number): void {
    if (this.#isPutting) return;
    if (this.#makeRoom(seq)) this.#writeBare(seq & MASK, kind);
    else this.#overflow.add(seq, { kind, child: 0, copy: this.#copy(undefined, 'note') });
  }

  /**
   * Code of the job, or of none, blocks the thread. Not written if there is no room: the main thread then reads no entries, and finds
   * the thread blocked when it sends more, or when the jobs that wait there make no progress.
   */
  blocked(seq: number | undefined): void {
    if (!this.#isPutting && this.#hasRoomToReport())
      this.#writeBare(seq === undefined ? NO_SLOT : seq & MASK, EntryKind.BLOCKED);
  }

  /** The job's code begins. There is always room, see `SHORT_ANSWER_WORDS`. */
  started(seq: number, begunAtMs: number): void {
    this.time(begunAtMs, begunAtMs);
    this.#writeBare(seq & MASK, EntryKind.STARTED);
  }

  /** @throws {NotCloneableError} if the value cannot cross. */
  report(seq: number, value: unknown): void {
    const transfer = isMoved(value) ? transferablesOf(value) : undefined;
    const reported = isMoved(value) ? movedValueOf(value) : value;
    if (this.#makeRoom(seq)) {
      const tag = transfer === undefined ? this.#put(reported, 'report') : this.#move(reported, 'report', transfer);
      this.#write(resultHead(seq & MASK, EntryKind.REPORTED, tag));
      return;
    }
    this.#overflow.add(seq, { kind: EntryKind.REPORTED, child: 0, copy: this.#copy(reported, 'report', transfer) });
  }

  /**
   * The job's code submits a child.
   *
   * @throws {NotCloneableError} if an argument cannot cross.
   */
  childSubmitted(seq: number, child: ChildSubmission): void {
    const transfer = Object.hasOwn(child, 'transfer') ? child.transfer : undefined;
    if (!this.#makeRoom(seq)) {
      this.#overflow.add(seq, {
        kind: EntryKind.CHILD_SUBMITTED,
        child: child.child,
        copy: this.#copy(child, 'child', transfer),
      });
      return;
    }
    this.#write(resultHead(seq & MASK, EntryKind.CHILD, this.#put(child.child, 'child')));
    const tag = transfer === undefined ? this.#put(child, 'child') : this.#move(child, 'child', transfer);
    this.#write(resultHead(seq & MASK, EntryKind.CHILD_SUBMITTED, tag));
  }

  /** Output of a getter of a value that is being written waits, like output that finds no room. */
  print(printed: readonly Printed[]): boolean {
    if (!this.catchUp()) {
      this.#overflow.addOutput({ kind: EntryKind.PRINTED, child: 0, copy: this.#payload.copy(printed, 'output') });
      return false;
    }
    this.#write(resultHead(0, EntryKind.PRINTED, this.#put(printed, 'output')));
    return true;
  }

  printAtAnswer(printed: readonly Printed[]): void {
    this.#overflow.setAtAnswer(printed);
  }

  catchUp(): boolean {
    if (this.#isPutting || !this.#hasRoomToReport()) return false;
    this.#flush(0, this.#overflow.takeOutput());
    return true;
  }

  /** Whether reports or children wait for room. */
  get isBehind(): boolean {
    return this.#overflow.size > 0 && this.#overflow.jobs.length > 0;
  }

  /** Sends reports and children that wait, as far as there is room. */
  catchUpJobs(): void {
    for (const seq of this.#overflow.jobs) if (!this.#makeRoom(seq)) return;
  }

  awaitRoom(): void {
    const { RESULT_WORDS_READ } = Control;
    for (let waits = 0; waits < MAX_WAITS && !this.#isPutting && !this.catchUp(); waits++)
      Atomics.wait(this.#control, RESULT_WORDS_READ, this.#wordsRead, WAIT_MS);
  }

  /** Whether there is room for an entry that is not an answer; what waits goes first. */
  #makeRoom(seq: number): boolean {
    if (!this.#hasRoomToReport()) return false; // one look: what finds room at a second one would overtake what waits
    if (this.#overflow.size === 0) return true;
    this.#flushOverflow(seq);
    return this.#hasRoomToReport();
  }

  /** Copies a value now, as the task may change it before it is sent. Its getters must not report, as in `#put`. */
  #copy(value: unknown, root: string, transfer?: TransferList): Copy {
    this.#beginPut();
    try {
      return this.#payload.copy(value, root, transfer);
    } finally {
      this.#isPutting = false;
    }
  }

  #hasRoomToReport(): boolean {
    return this.#longest() === LONG_ENTRY_WORDS;
  }

  /** Returns the longest length of the next entry, in words. */
  #longest(): number {
    const mark = (this.#writtenWords + 2 * LONG_ENTRY_WORDS - LONG_WORDS) | 0;
    if (((mark - this.#wordsRead) | 0) <= 0) return LONG_ENTRY_WORDS;
    this.#wordsRead = Atomics.load(this.#control, Control.RESULT_WORDS_READ);
    return ((mark - this.#wordsRead) | 0) <= 0 ? LONG_ENTRY_WORDS : SHORT_ANSWER_WORDS;
  }

  /** Sends what waits and goes before the job's answer: output first. */
  #flushBeforeAnswer(seq: number): void {
    const printed = this.#overflow.takeAtAnswer();
    if (printed !== undefined) this.print(printed);
    this.#flushOverflow(seq);
  }

  /** Sends output that waits, then the job's reports. */
  #flushOverflow(seq: number): void {
    if (this.#overflow.hasOutput) this.awaitRoom();
    this.#flush(seq, this.#overflow.take(seq));
  }

  /** Sends what waited in one entry, for which results leave room. */
  #flush(seq: number, waiting: readonly WaitingEntry[] | undefined): void {
    if (waiting === undefined) return;
    const list = waiting.map(({ kind, child, copy }): BatchItem => [kind, child, copy.tag]);
    const tag = this.#post(list, 'report');
    for (const { copy } of waiting) {
      this.#payload.post(copy);
      this.#owed++;
    }
    this.#write(resultHead(seq & MASK, EntryKind.BATCH, tag));
  }

  /** Puts a value. Refuses reports of its getters, which would get into the middle of this entry. */
  #put(value: unknown, root: string): number {
    this.#beginPut();
    try {
      return this.#putNow(value, root);
    } finally {
      this.#isPutting = false;
    }
  }

  #beginPut(): void {
    if (this.#isPutting) throw new Error('Cannot report while a report or a result is being cloned');
    this.#isPutting = true;
  }

  #putNow(value: unknown, root: string): number {
    this.#open();
    const tag = this.#ring.put(value, this.#ring.offset + this.#longest());
    if (tag !== NOT_INLINE) return tag;
    this.#ring.abandon(this.#ring.offset);
    return this.#sendNow(value, root);
  }

  /** Sends a value by message and opens the entry that the message belongs to. */
  #sendNow(value: unknown, root: string, transfer?: TransferList): number {
    for (let left = this.#owed; left > 0; left--) {
      this.#open();
      this.#write(resultHead(0, EntryKind.ORPHAN, Tag.MESSAGE));
    }
    this.#open();
    const tag = this.#payload.send(value, root, transfer);
    this.#owed++;
    return tag;
  }

  /** Like `#put`, for a value that is moved. */
  #move(value: unknown, root: string, transfer: TransferList): number {
    this.#beginPut();
    try {
      return this.#sendNow(value, root, transfer);
    } finally {
      this.#isPutting = false;
    }
  }

  /** Like `#put`, for a value of the library's own that always goes by message. */
  #post(value: unknown, root: string, transfer?: TransferList): number {
    this.#isPutting = true;
    try {
      return this.#sendNow(value, root, transfer);
    } finally {
      this.#isPutting = false;
    }
  }

  #end(seq: number, kind: number, tag: number): EndOutcome {
    // after this a cancel comes too late; everything that can fail is done
    const outcome = this.#slots.end(seq);
    const stopped = kind === EntryKind.RETURNED ? EntryKind.STOPPED_RETURNED : EntryKind.STOPPED_THREW;
    this.#write(resultHead(seq & MASK, outcome === 'ended' ? kind : stopped, tag));
    return outcome;
  }

  #writeBare(slot: number, kind: number): void {
    this.#open();
    this.#write(resultHead(slot, kind, Tag.UNDEFINED));
  }

  /** Begins an entry, whose value is put next. */
  #open(): void {
    const ring = this.#ring;
    ring.cursor = ring.offset + RESULT_HEAD;
    this.#isStamped = Math.abs(this.#begunAtMs - this.#lastEndMs) > STAMP_ABOVE_MS;
    if (!this.#isStamped) return;
    ring.floats[ring.cursor >> 1] = this.#begunAtMs;
    ring.cursor += 2;
  }

  #write(head: number): void {
    const { words, singles, offset } = this.#ring;
    words[offset] = this.#isStamped ? head | IS_STAMPED : head;
    singles[offset + 1] = this.#runMs;
    this.#lastEndMs = (this.#isStamped ? this.#begunAtMs : this.#lastEndMs) + Math.fround(this.#runMs);
    this.#writtenWords = (this.#writtenWords + this.#ring.advance()) | 0;
    this.#writtenCount = (this.#writtenCount + 1) | 0;
    this.#owed = 0;
    Atomics.store(this.#control, Control.RESULT_TAIL, this.#writtenCount);
  }
}
