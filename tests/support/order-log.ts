import { until } from './gate.ts';

/** A list in shared memory that tasks write to (`note`), in the order in which they run. */
export class OrderLog {
  readonly words: Int32Array;

  constructor(capacity: number) {
    this.words = new Int32Array(new SharedArrayBuffer((capacity + 1) * Int32Array.BYTES_PER_ELEMENT));
  }

  get values(): number[] {
    return [...this.words.slice(1, 1 + Atomics.load(this.words, 0))];
  }

  /** Resolves once so many values were written. */
  async filledTo(count: number): Promise<void> {
    await until(() => Atomics.load(this.words, 0) >= count);
  }
}
