import { bare } from './bare.js';
import { stamp } from './ticks.js';

/** What is cancelled when something else is: a job, a token, a wait. */
export interface Dependent {
  cancel(reason?: unknown): unknown;
}

/** Inherits nothing, as Node.js obeys what listeners' options inherit. */
const ONCE = Object.freeze(bare({ once: true }));

/** The dependents of one AbortSignal, behind a single listener that is there only while there are any. */
class AbortLink {
  readonly #signal: AbortSignal;
  readonly #dependents = new Set<Dependent>();
  /** When the signal aborted, in ms of `now()`: when that was heard of or, where nobody listened, first asked. */
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
    // one that an earlier one takes off is not told any more
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

/** When a signal that has aborted did so, in ms of `now()`: exact where a dependent was linked to it then. */
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
