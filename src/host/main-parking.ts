import { MAIN_PARKED, MainParked } from '../wire/lane/layout.js';

/** How the pool's thread waits for answers, as its workers see it: one word of shared memory for all of them. */
export class MainParking {
  readonly word = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(MainParked.UNTIL_RUNG);

  /** It looks by itself: nobody need ring. */
  leave(): void {
    Atomics.store(this.word, MAIN_PARKED, MainParked.NO);
  }

  /** It waits in its event loop until it is rung. */
  parkUntilRung(): void {
    Atomics.store(this.word, MAIN_PARKED, MainParked.UNTIL_RUNG);
  }

  /** It looks by itself after a while: only what cannot wait for that is rung for. */
  parkUntilTimer(): void {
    Atomics.store(this.word, MAIN_PARKED, MainParked.UNTIL_TIMER);
  }
}
