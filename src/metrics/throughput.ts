const WINDOW_S = 10;

/** Counts events per second over the last 10 seconds, in one bucket per second. */
export class Throughput {
  readonly #counts = new Float64Array(WINDOW_S + 1);
  readonly #startedAtMs: number;
  #second: number;

  constructor(nowMs: number) {
    this.#startedAtMs = nowMs;
    this.#second = Math.floor(nowMs / 1000);
  }

  add(count: number, nowMs: number): void {
    this.#advance(nowMs);
    const index = this.#second % this.#counts.length;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }

  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    const ageS = (nowMs - this.#startedAtMs) / 1000;
    const coveredS = Math.min(ageS, WINDOW_S + (nowMs / 1000 - this.#second));
    return coveredS <= 0 ? 0 : total / coveredS;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    for (let steps = Math.min(second - this.#second, this.#counts.length); steps > 0; steps--)
      this.#counts[(second - steps + 1) % this.#counts.length] = 0;
    if (second > this.#second) this.#second = second;
  }
}
