import { abortedAtMs, type Dependent, linkToSignal, unlinkFromSignal } from '../../base/abort-link.js';
import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import { FIRED_AT_MS, HAS_FIRED, KEEP_TIME, LINK, UNLINK } from '../inner.js';

/** A one-shot event that an object can follow: a token, a signal, a point in time. */
export interface Source {
  /** Reads the event itself: correct even while the event loop is blocked. */
  readonly [HAS_FIRED]: boolean;
  /** Cancels `dependent` once the source has fired; at once if it already has. */
  [LINK](dependent: Dependent): void;
  [UNLINK](dependent: Dependent): void;
}

/** A source that knows when it fired, so that the first of several can be found. */
export interface TimedSource extends Source {
  /**
   * When the source fired, in ms of `now()`; if unrecorded, the time of the first read. Only valid once it has fired.
   */
  readonly [FIRED_AT_MS]: number;
  /** Records the time exactly from now on. */
  [KEEP_TIME](): void;
}

export type Operator = 'and' | 'or';

/** A source that depends on several others, its operands. Has at most one dependent. */
abstract class Combined<S extends Source> implements Source {
  readonly operands: readonly S[];
  #relay: Dependent | undefined;

  constructor(operands: readonly S[]) {
    this.operands = operands;
  }

  abstract get [HAS_FIRED](): boolean;

  [LINK](dependent: Dependent): void {
    this.#relay = {
      cancel: (reason) => {
        if (this[HAS_FIRED]) dependent.cancel(reason);
      },
    };
    for (const operand of this.operands) operand[LINK](this.#relay);
  }

  [UNLINK](): void {
    if (this.#relay !== undefined) for (const operand of this.operands) operand[UNLINK](this.#relay);
  }
}

/** Fires with all of several sources (`and`), or with the first of them (`or`). */
export class Combination<S extends Source> extends Combined<S> {
  readonly operator: Operator;

  constructor(operator: Operator, operands: readonly S[]) {
    super(operands);
    this.operator = operator;
  }

  get [HAS_FIRED](): boolean {
    for (const { [HAS_FIRED]: hasFired } of this.operands) if (hasFired === (this.operator === 'or')) return hasFired;
    return this.operator === 'and';
  }
}

/** Fires with the first of several sources, which is determined once and then kept. */
export class FirstOf<S extends TimedSource> extends Combined<S> implements TimedSource {
  #first: S | undefined;

  constructor(operands: readonly S[]) {
    super(operands);
    if (operands.length > 1) this[KEEP_TIME]();
  }

  /** The source that fired first; `undefined` before. */
  get first(): S | undefined {
    if (this.#first === undefined && this.operands.some((operand) => operand[HAS_FIRED])) this.#first = this.#earliest;
    return this.#first;
  }

  get [HAS_FIRED](): boolean {
    if (this.#first !== undefined) return true;
    for (const operand of this.operands) if (operand[HAS_FIRED]) return this.first !== undefined;
    return false;
  }

  get [FIRED_AT_MS](): number {
    return this.first?.[FIRED_AT_MS] ?? Number.POSITIVE_INFINITY;
  }

  [KEEP_TIME](): void {
    for (const operand of this.operands) operand[KEEP_TIME]();
  }

  /** Read only after one source was seen to have fired: any that fired before it are then visible, too. */
  get #earliest(): S | undefined {
    let earliest: S | undefined;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const operand of this.operands) {
      if (!operand[HAS_FIRED]) continue;
      const firedAtMs = operand[FIRED_AT_MS];
      if (earliest === undefined || firedAtMs < earliestMs) [earliest, earliestMs] = [operand, firedAtMs];
    }
    return earliest;
  }
}

/** Unlinks the signals of collected sources, which were linked only to record when they abort. */
const timed = new FinalizationRegistry<{ readonly signal: AbortSignal; readonly dependent: Dependent }>(
  ({ signal, dependent }) => unlinkFromSignal(signal, dependent),
);

/** An `AbortSignal` as a source. */
export class AbortSource implements TimedSource {
  #keepsTime = false;
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    if (signal.aborted) abortedAtMs(signal); // records now as the latest possible time
  }

  get [FIRED_AT_MS](): number {
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

  get [HAS_FIRED](): boolean {
    return this.signal.aborted;
  }

  [LINK](dependent: Dependent): void {
    linkToSignal(this.signal, dependent);
  }

  [UNLINK](dependent: Dependent): void {
    unlinkFromSignal(this.signal, dependent);
  }
}

/** A point in time on the monotonic clock. Has at most one dependent. */
export class DueTime implements TimedSource {
  readonly dueAtMs: number;
  readonly #keepsProcess: boolean;
  #stopTimer: StopTimer | undefined;

  /** @param options.keepsProcess whether a dependent keeps the process alive. */
  constructor(dueAtMs: number, options: { readonly keepsProcess: boolean }) {
    this.dueAtMs = dueAtMs;
    this.#keepsProcess = options.keepsProcess;
  }

  get [HAS_FIRED](): boolean {
    return now() >= this.dueAtMs;
  }

  get [FIRED_AT_MS](): number {
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
