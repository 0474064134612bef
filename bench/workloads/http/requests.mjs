import { Random } from '../../simulation/random.mjs';

/** What requests cost, in ms of CPU, and how many of them cost that. */
export const kinds = [
  { ms: 0.2, share: 0.7 },
  { ms: 2, share: 0.25 },
  { ms: 20, share: 0.05 },
];

/** How many requests of each kind are of priority HIGH. */
export const HIGH_SHARE = 0.2;

/**
 * @typedef {object} Request
 * @property {number} kind which of the kinds.
 * @property {boolean} isHigh
 */

/** @param {Random} random @returns {Request} */
export function drawRequest(random) {
  let rest = random.next();
  let kind = 0;
  while (kind < kinds.length - 1 && rest >= kinds[kind].share) rest -= kinds[kind++].share;
  return { kind, isHigh: random.next() < HIGH_SHARE };
}

/**
 * A Poisson process of requests: the same for the same seed.
 *
 * @param {{ seed: number, rate: number, ms: number }} flight `rate` a second.
 * @returns {{ times: Float64Array, requests: Request[] }} times in ms from the start of the flight.
 */
export function arrivalsOf({ seed, rate, ms }) {
  const random = new Random(seed);
  const times = [];
  const requests = [];
  for (let at = random.exponential(1000 / rate); at < ms; at += random.exponential(1000 / rate)) {
    times.push(at);
    requests.push(drawRequest(random));
  }
  return { times: Float64Array.from(times), requests };
}
