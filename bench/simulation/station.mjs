import { Tally } from './tally.mjs';

/** Servers that take requests in the order of their arrival: a Redis (one), the main thread of a host (one), workers (many). */
export class Station {
  #simulation;
  #servers;
  #busy = 0;
  /** @type {{ ms: number, since: number, done: () => void, begun: () => void }[]} */
  #waiting = [];
  #head = 0;
  /** How long servers were at work, in ms of one server. */
  busyMs = 0;
  /** How long requests waited until they were begun, in ms. */
  waits = new Tally();

  /** @param {import('./simulation.mjs').Simulation} simulation @param {number} servers */
  constructor(simulation, servers) {
    this.#simulation = simulation;
    this.#servers = servers;
  }

  get waiting() {
    return this.#waiting.length - this.#head;
  }

  /** Takes servers away for a while, as a stall does: what is being served is served longer. @param {number} ms */
  stall(ms) {
    for (let server = 0; server < this.#servers; server++)
      this.#waiting.splice(this.#head, 0, { ms, since: this.#simulation.now, done: () => {}, begun: () => {} });
    this.#serve();
  }

  /** Serves a request of so many ms, then calls `done`. @param {number} ms @param {() => void} done @param {() => void} [begun] */
  request(ms, done, begun = () => {}) {
    this.#waiting.push({ ms, since: this.#simulation.now, done, begun });
    this.#serve();
  }

  #serve() {
    while (this.#busy < this.#servers && this.waiting > 0) {
      const next = this.#waiting[this.#head++];
      if (this.#head > 1_000 && this.#head * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
      this.#busy++;
      this.waits.add(this.#simulation.now - next.since);
      next.begun();
      this.#simulation.after(next.ms, () => {
        this.#busy--;
        this.busyMs += next.ms;
        next.done();
        this.#serve();
      });
    }
  }
}
