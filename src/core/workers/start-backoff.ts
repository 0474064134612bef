/** How many rounds of failed starts in a row, while there is no worker, until starts count as hopeless. */
const HOPELESS_ROUNDS = 3;
/** First pause before another start while there is no worker; four times as long after each failed round. */
const FIRST_PAUSE_MS = 50;
/** First pause before another start while there are workers; twice as long after each failed round, up to the longest. */
const START_PAUSE_MS = 1_000;
const LONGEST_START_PAUSE_MS = 60_000;

/** Counts failed starts, and says how long to wait before the next one. */
export class StartBackoff {
  /** Rounds of failed starts in a row. Starts that were begun together and failed are one round. */
  #failedRounds = 0;
  /** `#failedRounds` before the last start that succeeded, which may yet prove to have failed. */
  #roundsBefore = 0;
  /** When the last round's first start failed, in ms of `now()`. */
  #roundFailedAtMs = Number.NEGATIVE_INFINITY;

  /** A start that was begun at `begunAtMs` has failed at `nowMs`, both of `now()`. */
  failed(begunAtMs: number, nowMs: number): void {
    if (begunAtMs < this.#roundFailedAtMs) return;
    this.#failedRounds++;
    this.#roundFailedAtMs = nowMs;
  }

  succeeded(): void {
    this.#roundsBefore = this.#failedRounds;
    this.#failedRounds = 0;
  }

  /** The last start that succeeded was of a worker that could not run anything: it does not count. */
  revokeSuccess(): void {
    this.#failedRounds = Math.max(this.#failedRounds, this.#roundsBefore);
  }

  /** Pause before the next start if other workers do the work. */
  get pauseMs(): number {
    return Math.min(START_PAUSE_MS * 2 ** (this.#failedRounds - 1), LONGEST_START_PAUSE_MS);
  }

  /** Pause before the next start if there is no worker: `undefined` if no start would help. */
  get pauseAloneMs(): number | undefined {
    return this.#failedRounds < HOPELESS_ROUNDS ? FIRST_PAUSE_MS * 4 ** (this.#failedRounds - 1) : undefined;
  }
}
