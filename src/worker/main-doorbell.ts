import type { MessagePort } from 'node:worker_threads';
import { Control, MAIN_PARKED, MainParked } from '../wire/lane/layout.js';
import { DOORBELL } from '../wire/message/protocol.js';
import type { RequestReader, RequestReaderEvents } from './request-reader.js';

// A ring costs both threads together about 50 µs, so one serves several answers.

/** Number of unread answers after which a parked main thread is rung. */
const RING_AFTER_ANSWERS = 32;

/** Time since the first unread answer, or run time of a job, in ms, after which a parked main thread is rung. */
const RING_AFTER_MS = 2;

/** Number of jobs left in the lane at which the main thread is rung, so that the next jobs come before the worker is idle. */
const LAST_JOBS = 1;

/**
 * Wakes the main thread by a message, if it is parked, to read answers. The main thread then reads those of all workers, so that
 * many workers ring no more often than one. Also rings before the worker begins a job that is less urgent than the one before.
 */
export class MainDoorbell implements RequestReaderEvents {
  readonly #poolWord: Int32Array;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #requests: RequestReader;
  /** Number of unread answers, as of the last check, and when the first of them was written. */
  #unreadAnswers = 0;
  #firstMs = 0;
  /** Words of the result lane that were read then. */
  #wordsRead = 0;

  constructor(poolWord: Int32Array, control: Int32Array, port: MessagePort, requests: RequestReader) {
    this.#poolWord = poolWord;
    this.#control = control;
    this.#port = port;
    this.#requests = requests;
  }

  /** An answer was written for a job that ran from `begunAtMs` to `nowMs`. Rings if that is due. */
  answered(begunAtMs: number, nowMs: number): void {
    // a plain read: what was written before the main thread parked it reads anyway once it is woken
    const wordsRead = this.#control[Control.RESULT_WORDS_READ] ?? 0;
    if (wordsRead !== this.#wordsRead) {
      this.#wordsRead = wordsRead;
      this.#unreadAnswers = 0;
    }
    if (this.#unreadAnswers++ === 0) this.#firstMs = nowMs;
    const sinceMs = nowMs - Math.min(this.#firstMs, begunAtMs);
    const isDue = this.#unreadAnswers >= RING_AFTER_ANSWERS || sinceMs > RING_AFTER_MS;
    if (!this.#requests.hasMoreThan(LAST_JOBS)) this.ring();
    else if (isDue && Atomics.load(this.#poolWord, MAIN_PARKED) === MainParked.UNTIL_RUNG) this.ring();
  }

  lessUrgentRead(): void {
    this.ringAnswered();
  }

  /** Rings if there are answers that were not rung for. */
  ringAnswered(): void {
    if (this.#unreadAnswers > 0) this.ring();
  }

  /** Wakes the main thread if it is parked. */
  ring(): void {
    this.#unreadAnswers = 0;
    const word = this.#poolWord;
    const { NO } = MainParked;
    if (Atomics.load(word, MAIN_PARKED) !== NO && Atomics.exchange(word, MAIN_PARKED, NO) !== NO)
      this.#port.postMessage(DOORBELL);
  }
}
