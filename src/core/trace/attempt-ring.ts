import type { AttemptNotes, TracedAttempt } from './traced.js';

/** How many attempts are kept, in 2.6 MB; notes on jobs with options come on top. */
export const MOST_ATTEMPTS = 65_536;

/** Worker id that stands for none. */
const NONE = -1;

/** The attempts that ended last, in columns, so that they cost the garbage collector nothing. */
export class AttemptRing {
  readonly #jobIds = new Float64Array(MOST_ATTEMPTS);
  readonly #sinceMs = new Float64Array(MOST_ATTEMPTS);
  /** NaN if the code did not begin. */
  readonly #begunAtMs = new Float64Array(MOST_ATTEMPTS);
  readonly #endedAtMs = new Float64Array(MOST_ATTEMPTS);
  /** From the end until the pool learned of it. */
  readonly #lateMs = new Float32Array(MOST_ATTEMPTS);
  readonly #workerIds = new Int32Array(MOST_ATTEMPTS);
  readonly #whats: (AttemptNotes | undefined)[] = new Array<AttemptNotes | undefined>(MOST_ATTEMPTS).fill(undefined);
  #added = 0;
  /** When the last of those that were overwritten was settled. */
  #forgottenAtMs = Number.NEGATIVE_INFINITY;

  add({ jobId, sinceMs, begunAtMs, endedAtMs, settledAtMs, workerId, what }: TracedAttempt): void {
    const at = this.#added % MOST_ATTEMPTS;
    if (this.#added >= MOST_ATTEMPTS) this.#forgottenAtMs = (this.#endedAtMs[at] ?? 0) + (this.#lateMs[at] ?? 0);
    this.#jobIds[at] = jobId;
    this.#sinceMs[at] = sinceMs;
    this.#begunAtMs[at] = begunAtMs ?? Number.NaN;
    this.#endedAtMs[at] = endedAtMs;
    this.#lateMs[at] = (settledAtMs ?? endedAtMs) - endedAtMs;
    this.#workerIds[at] = workerId ?? NONE;
    this.#whats[at] = what;
    this.#added++;
  }

  /** Whether attempts that were settled after `fromMs` have been overwritten. */
  hasForgotten(fromMs: number): boolean {
    return this.#forgottenAtMs >= fromMs;
  }

  /** The attempts that the pool knows to have ended since `fromMs`, the oldest first. */
  *since(fromMs: number): Generator<TracedAttempt> {
    for (let index = Math.max(0, this.#added - MOST_ATTEMPTS); index < this.#added; index++) {
      const attempt = this.#read(index % MOST_ATTEMPTS);
      if (attempt !== undefined && (attempt.settledAtMs ?? 0) >= fromMs) yield attempt;
    }
  }

  #read(at: number): TracedAttempt | undefined {
    const what = this.#whats[at];
    if (what === undefined) return undefined;
    const begunAtMs = this.#begunAtMs[at] ?? 0;
    const endedAtMs = this.#endedAtMs[at] ?? 0;
    const workerId = this.#workerIds[at] ?? NONE;
    return {
      jobId: this.#jobIds[at] ?? 0,
      sinceMs: this.#sinceMs[at] ?? 0,
      begunAtMs: Number.isNaN(begunAtMs) ? undefined : begunAtMs,
      endedAtMs,
      settledAtMs: endedAtMs + (this.#lateMs[at] ?? 0),
      workerId: workerId === NONE ? undefined : workerId,
      what,
    };
  }
}
