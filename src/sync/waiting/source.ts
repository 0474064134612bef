import { abortedAtMs, type Dependent, linkToSignal, unlinkFromSignal } from '../../base/abort-link.js';
import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import { HAPPENED_AT_MS, HAS_HAPPENED, KEEP_TIME, LINK, UNLINK } from '../inner.js';

/** What comes about once, and what others follow: a token, a signal, a moment. */
export interface Source {
  /** Looks by itself: a blocked event loop makes no difference. */
  readonly [HAS_HAPPENED]: boolean;
  /** Cancels `dependent` once it has come about; at once where it has. */
  [LINK](dependent: Dependent): void;
  [UNLINK](dependent: Dependent): void;
}

/** A source that says when it came about, so that of several the first is known. */
export interface TimedSource extends Source {
  /** When it came about, in ms of `now()`: where nobody saw it, when it was first asked. Only to be asked once it has. */
  readonly [HAPPENED_AT_MS]: number;
  /** Sees to it from now on that the time is exact. */
  [KEEP_TIME](): void;
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

  get [HAS_HAPPENED](): boolean {
    for (const { [HAS_HAPPENED]: hasHappened } of this.operands)
      if (hasHappened === (this.operator === 'or')) return hasHappened;
    return this.operator === 'and';
  }

  [LINK](dependent: Dependent): void {
    this.#relay = {
      cancel: (reason) => {
        if (this[HAS_HAPPENED]) dependent.cancel(reason);
      },
    };
    for (const operand of this.operands) operand[LINK](this.#relay);
  }

  [UNLINK](): void {
    if (this.#relay !== undefined) for (const operand of this.operands) operand[UNLINK](this.#relay);
  }
}

/** The first in time of several sources: which it is, is found out once, and stays so. Followed by one dependent. */
export class FirstOf<S extends TimedSource> implements TimedSource {
  readonly #operands: readonly S[];
  #first: S | undefined;
  #relay: Dependent | undefined;

  constructor(operands: readonly S[]) {
    this.#operands = operands;
    if (operands.length > 1) this[KEEP_TIME]();
  }

  /** The first that has come about; `undefined` before. */
  get first(): S | undefined {
    if (this.#first === undefined && this.#operands.some((operand) => operand[HAS_HAPPENED]))
      this.#first = this.#earliest;
    return this.#first;
  }

  get [HAS_HAPPENED](): boolean {
    if (this.#first !== undefined) return true;
    for (const operand of this.#operands) if (operand[HAS_HAPPENED]) return this.first !== undefined;
    return false;
  }

  get [HAPPENED_AT_MS](): number {
    return this.first?.[HAPPENED_AT_MS] ?? Number.POSITIVE_INFINITY;
  }

  [KEEP_TIME](): void {
    for (const operand of this.#operands) operand[KEEP_TIME]();
  }

  [LINK](dependent: Dependent): void {
    this.#relay = {
      cancel: (reason) => {
        if (this[HAS_HAPPENED]) dependent.cancel(reason);
      },
    };
    for (const operand of this.#operands) operand[LINK](this.#relay);
  }

  [UNLINK](): void {
    if (this.#relay !== undefined) for (const operand of this.#operands) operand[UNLINK](this.#relay);
  }

  /** To be asked when one was seen: a look through all then sees, too, what other threads did before that one. */
  get #earliest(): S | undefined {
    let earliest: S | undefined;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const operand of this.#operands) {
      if (!operand[HAS_HAPPENED]) continue;
      const happenedAtMs = operand[HAPPENED_AT_MS];
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

  get [HAPPENED_AT_MS](): number {
    return abortedAtMs(this.signal);
  }

  [KEEP_TIME](): void {
    const { signal } = this;
    if (this.#keepsTime || signal.aborted) return;
    this.#keepsTime = true;
    const dependent: Dependent = { cancel: () => {} };
    linkToSignal(signal, dependent);
    timed.register(this, { signal, dependent });
  }

  get [HAS_HAPPENED](): boolean {
    return this.signal.aborted;
  }

  [LINK](dependent: Dependent): void {
    linkToSignal(this.signal, dependent);
  }

  [UNLINK](dependent: Dependent): void {
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

  get [HAS_HAPPENED](): boolean {
    return now() >= this.dueAtMs;
  }

  get [HAPPENED_AT_MS](): number {
    return this.dueAtMs;
  }

  [KEEP_TIME](): void {}

  [LINK](dependent: Dependent): void {
    const remainingMs = Math.max(0, this.dueAtMs - now());
    this.#stopTimer = startTimer(remainingMs, () => dependent.cancel(), { keepsProcess: this.#keepsProcess });
  }

  [UNLINK](): void {
    this.#stopTimer?.();
  }
}
