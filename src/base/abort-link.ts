import { bare } from './bare.js';
import { stamp } from './ticks.js';

/** Something that is cancelled when something else is: a job, a token, a wait. */
export interface Dependent {
  cancel(reason?: unknown): unknown;
}

/** Listener options that inherit nothing, as Node.js also reads inherited ones. */
const ONCE = Object.freeze(bare({ once: true }));

/** The dependents of one `AbortSignal`, behind a single listener that is registered only while there are any. */
class AbortLink {
  readonly #signal: AbortSignal;
  readonly #dependents = new Set<Dependent>();
  /** When the signal aborted, in ms of `now()`: noted by the listener or, if there was none, on the first read. */
  #abortedAtMs: number | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(dependent: Dependent): void {
    if (this.#dependents.size === 0) this.#signal.addEventListener('abort', this.#onAbort, ONCE);
    this.#dependents.add(dependent);
  }

  remove(dependent: Dependent): void {
    if (this.#dependents.delete(dependent) && this.#dependents.size === 0)
      this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    this.#abortedAtMs ??= stamp();
    // a dependent that an earlier one unlinks is not called
    for (const dependent of this.#dependents) {
      this.#dependents.delete(dependent);
      dependent.cancel(this.#signal.reason);
    }
  };

  get abortedAtMs(): number {
    this.#abortedAtMs ??= stamp();
    return this.#abortedAtMs;
  }
}

const links = new WeakMap<AbortSignal, AbortLink>();

/** Cancels `dependent` when `signal` aborts; at once if it has. A thousand dependents cost the signal one listener. */
export function linkToSignal(signal: AbortSignal, dependent: Dependent): void {
  if (signal.aborted) {
    dependent.cancel(signal.reason);
    return;
  }
  linkOf(signal).add(dependent);
}

/** Returns when an aborted signal aborted, in ms of `now()`: exact if a dependent was linked to it then. */
export function abortedAtMs(signal: AbortSignal): number {
  return linkOf(signal).abortedAtMs;
}

function linkOf(signal: AbortSignal): AbortLink {
  let link = links.get(signal);
  if (link === undefined) {
    link = new AbortLink(signal);
    links.set(signal, link);
  }
  return link;
}

export function unlinkFromSignal(signal: AbortSignal, dependent: Dependent): void {
  links.get(signal)?.remove(dependent);
}
