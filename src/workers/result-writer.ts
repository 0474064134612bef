import { NotCloneableError } from '../errors.js';
import type { Transferable } from '../sync/crossing.js';
import type { PayloadPort } from './envelope.js';
import { type ErrorRecord, encodeError } from './error-codec.js';
import {
  Control,
  LANE_WORDS,
  LONG_ENTRY_WORDS,
  LONG_WORDS,
  MASK,
  SHORT_ENTRY_WORDS,
  type WorkerMemory,
} from './layout.js';
import { isMoved, transferablesOf } from './move.js';
import type { OutputLane, Printed } from './output.js';
import { Answer, type AskedChild, IS_STAMPED, RESULT_HEAD, resultHead } from './protocol.js';
import { NOT_INLINE, RingWriter, Tag } from './ring.js';
import { SlotTable } from './slot-table.js';

/** What a job tells while it runs: a report, or a child that it submits. */
type Told = readonly [answer: number, value: unknown];
type TransferList = readonly Transferable[];

/** In place of a job's sequence number: output, which may be of none. */
const OUTPUT = Number.NaN;
/** In the same place: output that is to go right before the next answer. */
const OUTPUT_AT_ANSWER = Number.POSITIVE_INFINITY;
/** So often, and so long each time, an answer waits for room for the output that is to go before it. */
const MAX_WAITS = 1000;
const WAIT_MS = 1;

/** Where a job began so much earlier or later than the code before it ended, its entry says when. */
const STAMP_ABOVE_MS = 0.0005;

/** The worker's end of the lane that carries results. */
export class ResultWriter implements OutputLane {
  readonly #ring: RingWriter;
  readonly #control: Int32Array;
  readonly #payload: PayloadPort;
  readonly #slots: SlotTable;
  #begunAtMs = 0;
  #runMs = 0;
  /** When, as the other side reckons, the code of the last entry ended. */
  #lastEndMs = 0;
  #isStamped = false;
  #isPutting = false;
  #writtenCount = 0;
  #writtenWords = 0;
  #wordsRead = 0;
  /** Reports and children for which the lane had no room, by the job's sequence number; and output. */
  readonly #overflow = new Map<number, Told[]>();

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

  /** Answers whether the job had been asked to stop before its code ended. */
  returned(seq: number, value: unknown): boolean {
    if (this.#overflow.size > 0) this.#flushBeforeAnswer(seq);
    const isMovedValue = typeof value === 'object' && value !== null && isMoved(value);
    let tag: number;
    try {
      tag = isMovedValue ? this.#send(value.value, transferablesOf(value)) : this.#put(value, 'result');
    } catch (error) {
      return this.threw(seq, encodeError(error));
    }
    return this.#end(seq, Answer.RETURNED, tag);
  }

  /** As `returned`. */
  threw(seq: number, record: ErrorRecord): boolean {
    if (this.#overflow.size > 0) this.#flushBeforeAnswer(seq);
    this.#open();
    return this.#end(seq, Answer.THREW, this.#post(record, 'error'));
  }

  /** As `threw`, of a job for which there was no code. */
  noCode(seq: number, record: ErrorRecord): boolean {
    if (this.#overflow.size > 0) this.#flushBeforeAnswer(seq);
    this.#open();
    return this.#end(seq, Answer.NO_CODE, this.#post(record, 'error'));
  }

  /** The code has cancelled its own job's token. From within a getter of what is just being written it is not told. */
  tokenCancelled(seq: number, reason: ErrorRecord): void {
    if (this.#isPutting) return;
    this.#open();
    this.#write(resultHead(seq & MASK, Answer.TOKEN_CANCELLED, this.#post(reason, 'reason')));
  }

  /** As `started`: the job, which is open, has children. */
  suspended(seq: number): void {
    if (this.#isPutting) return;
    this.#open();
    this.#write(resultHead(seq & MASK, Answer.SUSPENDED, Tag.UNDEFINED));
  }

  /** For this, as for a result, there is always room. */
  started(seq: number, begunAtMs: number): void {
    this.time(begunAtMs, begunAtMs);
    this.#open();
    this.#write(resultHead(seq & MASK, Answer.STARTED, Tag.UNDEFINED));
  }

  /** @throws {NotCloneableError} when the value cannot cross. */
  report(seq: number, value: unknown): void {
    if (this.#makeRoom(seq)) {
      this.#write(resultHead(seq & MASK, Answer.REPORTED, this.#put(value, 'report')));
      return;
    }
    // a copy now, as the task may change the value before it is sent
    this.#keep(seq, [Answer.REPORTED, typeof value === 'object' && value !== null ? this.#copy(value) : value]);
  }

  /**
   * Its code submits a child.
   *
   * @throws {NotCloneableError} when an argument cannot cross.
   */
  asked(seq: number, child: AskedChild): void {
    if (this.#makeRoom(seq)) this.#write(resultHead(seq & MASK, Answer.ASKED, this.#put(child, 'child')));
    else this.#keep(seq, [Answer.ASKED, child]);
  }

  /** What a getter of a value prints that is just being written waits, as what finds no room does. */
  print(printed: readonly Printed[]): boolean {
    if (!this.catchUp()) {
      this.#keep(OUTPUT, [Answer.PRINTED, printed]);
      return false;
    }
    this.#write(resultHead(0, Answer.PRINTED, this.#put(printed, 'output')));
    return true;
  }

  printAtAnswer(printed: readonly Printed[]): void {
    if (printed.length === 0) this.#overflow.delete(OUTPUT_AT_ANSWER);
    else this.#overflow.set(OUTPUT_AT_ANSWER, [[Answer.PRINTED, printed]]);
  }

  catchUp(): boolean {
    if (this.#isPutting || !this.#hasRoomToReport()) return false;
    this.#flush(OUTPUT);
    return true;
  }

  awaitRoom(): void {
    const { RESULT_WORDS_READ } = Control;
    for (let waits = 0; waits < MAX_WAITS && !this.#isPutting && !this.catchUp(); waits++)
      Atomics.wait(this.#control, RESULT_WORDS_READ, this.#wordsRead, WAIT_MS);
  }

  /** Whether there is room for an entry that is not an answer; what waits goes first. */
  #makeRoom(seq: number): boolean {
    if (this.#overflow.size > 0 && this.#hasRoomToReport()) this.#flushOverflow(seq);
    return this.#hasRoomToReport();
  }

  #keep(seq: number, told: Told): void {
    const waiting = this.#overflow.get(seq);
    if (waiting === undefined) this.#overflow.set(seq, [told]);
    else waiting.push(told);
  }

  #hasRoomToReport(): boolean {
    return this.#longest() === LONG_ENTRY_WORDS;
  }

  /** How long the next entry may be, in words. */
  #longest(): number {
    const mark = (this.#writtenWords + 2 * LONG_ENTRY_WORDS - LONG_WORDS) | 0;
    if (((mark - this.#wordsRead) | 0) <= 0) return LONG_ENTRY_WORDS;
    this.#wordsRead = Atomics.load(this.#control, Control.RESULT_WORDS_READ);
    return ((mark - this.#wordsRead) | 0) <= 0 ? LONG_ENTRY_WORDS : SHORT_ENTRY_WORDS;
  }

  #copy(value: object): unknown {
    try {
      return structuredClone(value);
    } catch (cause) {
      throw new NotCloneableError('Cannot send report to another thread: it cannot be cloned', {
        path: 'report',
        cause,
      });
    }
  }

  /** Output goes first, as far as it is known by now. */
  #flushBeforeAnswer(seq: number): void {
    const last = this.#overflow.get(OUTPUT_AT_ANSWER);
    this.#overflow.delete(OUTPUT_AT_ANSWER);
    for (const [, printed] of last ?? []) this.print(printed as readonly Printed[]);
    this.#flushOverflow(seq);
  }

  /** Sends what waits and goes before the job's answer. */
  #flushOverflow(seq: number): void {
    if (this.#overflow.has(OUTPUT)) this.awaitRoom();
    this.#flush(seq);
  }

  /** Sends the job's waiting reports in one entry, for which results leave room. */
  #flush(seq: number): void {
    if (this.#overflow.size === 0) return;
    const waiting = this.#overflow.get(seq);
    if (waiting === undefined) return;
    this.#overflow.delete(seq);
    this.#open();
    const tag = this.#post(waiting, 'report');
    this.#write(resultHead(seq & MASK, Answer.TOLD_MANY, tag));
  }

  /** A getter of the value is foreign code: its reports would get into the middle of this entry. */
  #put(value: unknown, root: string): number {
    if (this.#isPutting) throw new Error('Cannot report while a report or a result is being cloned');
    this.#isPutting = true;
    try {
      return this.#putNow(value, root);
    } finally {
      this.#isPutting = false;
    }
  }

  #putNow(value: unknown, root: string): number {
    this.#open();
    const tag = this.#ring.put(value, this.#ring.offset + this.#longest());
    if (tag !== NOT_INLINE) return tag;
    this.#ring.abandon(this.#ring.offset);
    this.#open();
    return this.#payload.send(value, root);
  }

  #send(value: unknown, transfer: TransferList): number {
    this.#open();
    return this.#post(value, 'result', transfer);
  }

  /** As `#put`, by message. */
  #post(value: unknown, root: string, transfer?: TransferList): number {
    this.#isPutting = true;
    try {
      return this.#payload.send(value, root, transfer);
    } finally {
      this.#isPutting = false;
    }
  }

  #end(seq: number, answer: number, tag: number): boolean {
    // the moment after which a cancel comes too late; all that can fail is done
    const isStopped = !this.#slots.end(seq);
    const stopped = answer === Answer.RETURNED ? Answer.STOPPED_RETURNED : Answer.STOPPED_THREW;
    this.#write(resultHead(seq & MASK, isStopped ? stopped : answer, tag));
    return isStopped;
  }

  /** Begins an entry: what is put next is its value. */
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
    Atomics.store(this.#control, Control.RESULT_TAIL, this.#writtenCount);
  }
}
