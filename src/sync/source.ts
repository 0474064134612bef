import { linkToSignal, unlinkFromSignal } from './abort-link.js';
import type { Dependent } from './dependent.js';
import { now } from './platform.js';
import { type StopTimer, startTimer } from './timer.js';

/** What comes about once, and what others follow: a token, a signal, a moment. */
export interface Source {
  /** Looks by itself: a blocked event loop makes no difference. */
  readonly hasHappened: boolean;
  /** Cancels `dependent` once it has come about; at once where it has. */
  link(dependent: Dependent): void;
  unlink(dependent: Dependent): void;
}

export type Operator = 'and' | 'or';

/** All of several sources, or the first of them. Followed by one dependent. */
export class Combination<S extends Source> implements Source {
  readonly operator: Operator;
  readonly operands: readonly S[];
  #relay: Dependent | undefined;

  constructor(operator: Operator, operands: readonly S[]) {
    this.operator = operator;
    this.operands = operands;
  }

  get hasHappened(): boolean {
    for (const { hasHappened } of this.operands) if (hasHappened === (this.operator === 'or')) return hasHappened;
    return this.operator === 'and';
  }

  link(dependent: Dependent): void {
    this.#relay = {
      cancel: (reason) => {
        if (this.hasHappened) dependent.cancel(reason);
      },
    };
    for (const operand of this.operands) operand.link(this.#relay);
  }

  unlink(): void {
    if (this.#relay !== undefined) for (const operand of this.operands) operand.unlink(this.#relay);
  }
}

/** An `AbortSignal` of the platform's. */
export class AbortSource implements Source {
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  get hasHappened(): boolean {
    return this.signal.aborted;
  }

  link(dependent: Dependent): void {
    linkToSignal(this.signal, dependent);
  }

  unlink(dependent: Dependent): void {
    unlinkFromSignal(this.signal, dependent);
  }
}

/** A moment on the monotonic clock. Followed by one dependent. */
export class DueTime implements Source {
  readonly dueAtMs: number;
  readonly #keepsProcess: boolean;
  #stopTimer: StopTimer | undefined;

  /** @param keepsProcess whether a process with nothing else to do stays for whoever follows it. */
  constructor(dueAtMs: number, keepsProcess: boolean) {
    this.dueAtMs = dueAtMs;
    this.#keepsProcess = keepsProcess;
  }

  get hasHappened(): boolean {
    return now() >= this.dueAtMs;
  }

  link(dependent: Dependent): void {
    const remainingMs = Math.max(0, this.dueAtMs - now());
    this.#stopTimer = startTimer(remainingMs, () => dependent.cancel(), { keepsProcess: this.#keepsProcess });
  }

  unlink(): void {
    this.#stopTimer?.();
  }
}
