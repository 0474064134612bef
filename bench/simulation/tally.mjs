/** Values of which a mean and percentiles are asked. */
export class Tally {
  /** @type {number[]} */
  #values = [];
  #sum = 0;

  /** @param {number} value */
  add(value) {
    this.#values.push(value);
    this.#sum += value;
  }

  get count() {
    return this.#values.length;
  }

  get mean() {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  get max() {
    return this.#values.reduce((most, value) => Math.max(most, value), 0);
  }

  /** The value that such a share is below. @param {number} share */
  percentile(share) {
    const sorted = Float64Array.from(this.#values).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
