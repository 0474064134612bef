import type { MessagePort } from 'node:worker_threads';
import { Control, MAIN_PARKED, MainParked } from '../wire/lane/layout.js';
import { DOORBELL } from '../wire/message/protocol.js';
import type { RequestReader } from './request-reader.js';

/**
 * A ring costs both threads together some 50 us, so one is to serve several answers. A parked main thread is rung after so
 * many, or so long after the first of them, or at once for a job that took as long, unless it will soon look by itself. Or
 * when the worker would soon have nothing to do: while it runs its last job, the next can come. Or before it begins a job
 * that is less urgent.
 */
const RING_AFTER_ANSWERS = 32;

const RING_AFTER_MS = 2;

const LAST_JOBS = 1;

/**
 * The worker's side of the main thread's doorbell: a message, posted only when that thread is parked. Whichever worker rings,
 * the answers of all are read, so that with many workers no more is rung than with one.
 */
export class MainDoorbell {
  readonly #poolWord: Int32Array;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #requests: RequestReader;
  /** Answers that were not read when they were last looked at, and when the first of them was written. */
  #answers = 0;
  #firstMs = 0;
  /** How much of the result lane was read then. */
  #wordsRead = 0;

  constructor(poolWord: Int32Array, control: Int32Array, port: MessagePort, requests: RequestReader) {
    this.#poolWord = poolWord;
    this.#control = control;
    this.#port = port;
    this.#requests = requests;
    requests.cameToLessUrgent = () => this.ringAnswered();
  }

  /** An answer was written, of a job that ran from the one time to the other: the main thread is rung, at once or later. */
  answered(begunAtMs: number, nowMs: number): void {
    // a plain look: what was written before the main thread parked is read by it, whoever wakes it
    const wordsRead = this.#control[Control.RESULT_WORDS_READ] ?? 0;
    if (wordsRead !== this.#wordsRead) {
      this.#wordsRead = wordsRead;
      this.#answers = 0;
    }
    if (this.#answers++ === 0) this.#firstMs = nowMs;
    const sinceMs = nowMs - Math.min(this.#firstMs, begunAtMs);
    const isDue = this.#answers >= RING_AFTER_ANSWERS || sinceMs > RING_AFTER_MS;
    if (!this.#requests.hasMoreThan(LAST_JOBS)) this.ring();
    else if (isDue && Atomics.load(this.#poolWord, MAIN_PARKED) === MainParked.UNTIL_RUNG) this.ring();
  }

  /** Rings for answers that were not rung for. */
  ringAnswered(): void {
    if (this.#answers > 0) this.ring();
  }

  ring(): void {
    this.#answers = 0;
    const word = this.#poolWord;
    const { NO } = MainParked;
    if (Atomics.load(word, MAIN_PARKED) !== NO && Atomics.exchange(word, MAIN_PARKED, NO) !== NO)
      this.#port.postMessage(DOORBELL);
  }
}
