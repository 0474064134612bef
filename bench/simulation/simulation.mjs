import TinyQueue from 'tinyqueue';

/** A clock that goes from one event to the next. Times are in ms. Events of one time happen in the order of their making. */
export class Simulation {
  now = 0;
  #made = 0;
  #events = new TinyQueue([], (a, b) => a.at - b.at || a.made - b.made);

  /** Calls `act` after that time. @param {number} ms @param {() => void} act */
  after(ms, act) {
    this.#events.push({ at: this.now + ms, made: this.#made++, act });
  }

  /** Runs what happens until then, or until `isOver` says so. @param {number} untilMs @param {() => boolean} [isOver] */
  run(untilMs, isOver = () => false) {
    while (this.#events.length > 0 && !isOver()) {
      if (this.#events.peek().at > untilMs) break;
      const event = this.#events.pop();
      this.now = event.at;
      event.act();
    }
    if (untilMs !== Number.POSITIVE_INFINITY && !isOver()) this.now = untilMs;
  }
}
