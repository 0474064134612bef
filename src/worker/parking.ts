import type { MessagePort } from 'node:worker_threads';
import { Control, MAIN_PARKED, MainParked, Parked } from '../wire/lane/layout.js';
import { DOORBELL } from '../wire/message/protocol.js';
import type { RequestReader } from './request-reader.js';

/** After work, how long a worker blocks for more before it goes back to its event loop. */
const LINGER_MS = 2;
/** How many times it looks before it blocks: a round trip of a short job is faster than any wake-up. */
const LOOKS = 1000;
/**
 * A ring costs both threads together some 50 us, so one is to serve several answers. A parked main thread is rung after so
 * many, or so long after the first of them, or at once for a job that took as long, unless it will soon look by itself. Or
 * when the worker would soon have nothing to do: while it runs its last job, the next can come. Or before it begins a job
 * that is less urgent.
 */
const RING_AFTER_ANSWERS = 32;
const RING_AFTER_MS = 2;
const LAST_JOBS = 1;

/** How a worker that has nothing to do waits, and says so in its control word, so that it is woken only then. */
export class Parking {
  readonly #control: Int32Array;
  readonly #requests: RequestReader;

  constructor(control: Int32Array, requests: RequestReader) {
    this.#control = control;
    this.#requests = requests;
  }

  /** Looks for more for a moment, without the event loop. True when there is. */
  linger(isRoundTrip: boolean): boolean {
    if (isRoundTrip) for (let looks = LOOKS; looks > 0; looks--) if (!this.#requests.isEmpty) return true;
    Atomics.store(this.#control, Control.PARKED, Parked.IN_WAIT);
    Atomics.wait(this.#control, Control.REQUEST_TAIL, this.#requests.position, LINGER_MS);
    if (this.#requests.isEmpty) return false;
    this.leave();
    return true;
  }

  /** Goes to sleep in the event loop. False when a job came meanwhile. */
  park(): boolean {
    Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);
    if (this.#requests.isEmpty) return true;
    this.leave(); // the bell may have been rung already: then it rings for nothing
    return false;
  }

  /** A job of its own blocks it: what comes from now on is not taken. Until `leave`. */
  block(): void {
    Atomics.store(this.#control, Control.PARKED, Parked.BLOCKED);
  }

  /** Wakes: from now on the worker looks by itself. */
  leave(): void {
    Atomics.store(this.#control, Control.PARKED, Parked.NO);
  }
}

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
