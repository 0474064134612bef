import type { Dependent } from './dependent.js';

/** The dependents of one AbortSignal, behind a single listener that is there only while there are any. */
class AbortLink {
  readonly #signal: AbortSignal;
  readonly #dependents = new Set<Dependent>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(dependent: Dependent): void {
    if (this.#dependents.size === 0) this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#dependents.add(dependent);
  }

  remove(dependent: Dependent): void {
    if (this.#dependents.delete(dependent) && this.#dependents.size === 0)
      this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    const dependents = [...this.#dependents];
    this.#dependents.clear();
    for (const dependent of dependents) dependent.cancel(this.#signal.reason);
  };
}

const links = new WeakMap<AbortSignal, AbortLink>();

/** Cancels `dependent` when `signal` aborts; at once if it has. A thousand dependents cost the signal one listener. */
export function linkToSignal(signal: AbortSignal, dependent: Dependent): void {
  if (signal.aborted) {
    dependent.cancel(signal.reason);
    return;
  }
  let link = links.get(signal);
  if (link === undefined) {
    link = new AbortLink(signal);
    links.set(signal, link);
  }
  link.add(dependent);
}

export function unlinkFromSignal(signal: AbortSignal, dependent: Dependent): void {
  links.get(signal)?.remove(dependent);
}

/** By shape, as test runners and browsers' libraries bring AbortSignals of their own realm. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
  );
}
