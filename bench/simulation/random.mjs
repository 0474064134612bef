/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995; // neighbours begin far from each other
  }

  /** From 0 to 1, without 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A time between events of a Poisson process. @param {number} mean */
  exponential(mean) {
    return -mean * Math.log(1 - this.next());
  }

  /** From 0 to `count`, without that. @param {number} count */
  index(count) {
    return Math.floor(this.next() * count);
  }
}
