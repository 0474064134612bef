import { until } from './gate.ts';

/** What stands where a task has claimed its place, or will, and has not written yet. */
const UNWRITTEN = -(2 ** 31);

/** A list in shared memory that tasks write to (`note`), in the order in which they run. */
export class OrderLog {
  readonly words: Int32Array;

  constructor(capacity: number) {
    this.words = new Int32Array(new SharedArrayBuffer((capacity + 1) * Int32Array.BYTES_PER_ELEMENT));
    this.words.fill(UNWRITTEN, 1);
  }

  get values(): number[] {
    return [...this.words.slice(1, 1 + Atomics.load(this.words, 0))];
  }

  /** Resolves once so many values were written: a task counts before it writes. */
  async filledTo(count: number): Promise<void> {
    await until(() => !this.words.subarray(1, 1 + count).includes(UNWRITTEN));
  }
}
