import { MAIN_PARKED, MainParked } from '../wire/lane/layout.js';

/** One word of shared memory that shows all workers how the pool's thread waits for answers. */
export class MainParking {
  readonly word = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(MainParked.UNTIL_RUNG);

  /** The thread polls: workers need not ring. */
  leave(): void {
    Atomics.store(this.word, MAIN_PARKED, MainParked.NO);
  }

  /** The thread waits in its event loop until a worker rings. */
  parkUntilRung(): void {
    Atomics.store(this.word, MAIN_PARKED, MainParked.UNTIL_RUNG);
  }

  /** The thread polls after a while: workers ring only for what cannot wait until then. */
  parkUntilTimer(): void {
    Atomics.store(this.word, MAIN_PARKED, MainParked.UNTIL_TIMER);
  }
}
