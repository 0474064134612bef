import { abortedAtMs, linkToSignal, unlinkFromSignal } from './abort-link.js';
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

/** A source that says when it came about, so that of several the first is known. */
export interface TimedSource extends Source {
  /** When it came about, in ms of `now()`: where nobody saw it, when it was first asked. Only to be asked once it has. */
  readonly happenedAtMs: number;
  /** Sees to it from now on that the time is exact. */
  keepTime(): void;
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

/** The first in time of several sources: which it is, is found out once, and stays so. Followed by one dependent. */
export class FirstOf<S extends TimedSource> implements TimedSource {
  readonly #operands: readonly S[];
  #first: S | undefined;
  #relay: Dependent | undefined;

  constructor(operands: readonly S[]) {
    this.#operands = operands;
    if (operands.length > 1) this.keepTime();
  }

  /** The first that has come about; `undefined` before. */
  get first(): S | undefined {
    if (this.#first === undefined && this.#operands.some(({ hasHappened }) => hasHappened))
      this.#first = this.#earliest;
    return this.#first;
  }

  get hasHappened(): boolean {
    if (this.#first !== undefined) return true;
    for (const { hasHappened } of this.#operands) if (hasHappened) return this.first !== undefined;
    return false;
  }

  get happenedAtMs(): number {
    return this.first?.happenedAtMs ?? Number.POSITIVE_INFINITY;
  }

  keepTime(): void {
    for (const operand of this.#operands) operand.keepTime();
  }

  link(dependent: Dependent): void {
    this.#relay = {
      cancel: (reason) => {
        if (this.hasHappened) dependent.cancel(reason);
      },
    };
    for (const operand of this.#operands) operand.link(this.#relay);
  }

  unlink(): void {
    if (this.#relay !== undefined) for (const operand of this.#operands) operand.unlink(this.#relay);
  }

  /** To be asked when one was seen: a look through all then sees, too, what other threads did before that one. */
  get #earliest(): S | undefined {
    let earliest: S | undefined;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const operand of this.#operands) {
      if (!operand.hasHappened) continue;
      const { happenedAtMs } = operand;
      if (earliest === undefined || happenedAtMs < earliestMs) [earliest, earliestMs] = [operand, happenedAtMs];
    }
    return earliest;
  }
}

/** Signals that are listened to although nobody is told, for the time at which they abort: as long as somebody asks for it. */
const timed = new FinalizationRegistry<{ readonly signal: AbortSignal; readonly dependent: Dependent }>(
  ({ signal, dependent }) => unlinkFromSignal(signal, dependent),
);

/** An `AbortSignal` of the platform's. */
export class AbortSource implements TimedSource {
  #keepsTime = false;
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    if (signal.aborted) abortedAtMs(signal); // not later than now
  }

  get happenedAtMs(): number {
    return abortedAtMs(this.signal);
  }

  keepTime(): void {
    const { signal } = this;
    if (this.#keepsTime || signal.aborted) return;
    this.#keepsTime = true;
    const dependent: Dependent = { cancel: () => {} };
    linkToSignal(signal, dependent);
    timed.register(this, { signal, dependent });
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
export class DueTime implements TimedSource {
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

  get happenedAtMs(): number {
    return this.dueAtMs;
  }

  keepTime(): void {}

  link(dependent: Dependent): void {
    const remainingMs = Math.max(0, this.dueAtMs - now());
    this.#stopTimer = startTimer(remainingMs, () => dependent.cancel(), { keepsProcess: this.#keepsProcess });
  }

  unlink(): void {
    this.#stopTimer?.();
  }
}
