import type { CancellationToken } from './sync/cancellation-token.js';

/** What a task sees of the job it runs for: what `currentJob()` returns, and `this` of a `function` task. */
export interface CurrentJob {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly workerId: number;
  /** The job's own token: cancelled when the job is. */
  readonly token: CancellationToken;
  /** An `AbortSignal` that follows the token: for `fetch`, timers, streams. */
  readonly signal: AbortSignal;
  /** @throws {CancelledError} when the job is cancelled. One `Atomics.load`: cheap enough for every turn of a loop. */
  throwIfCancelled(): void;
  /**
   * Sends a value to the job's `progress`, in order.
   *
   * @throws {NotCloneableError} when the value cannot cross.
   */
  report(value: unknown): void;
}
