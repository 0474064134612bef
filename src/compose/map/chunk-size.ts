/** Target run time of one job of a map, in ms, if it runs in this process. */
const CHUNK_MS = 1.5;
/** Factor by which the first jobs of a map are smaller than those of the task's last map ended up. */
const FIRST_PART = 2;
/** Largest factor by which the number of items grows or shrinks from one job to the next. */
const MAX_GROWTH = 8;

export interface ChunkLimits {
  /** How many items every job takes, if that was given. */
  readonly fixed: number | undefined;
  /** Maximum number of items of a job. */
  readonly most: number;
  /** What is known of the task from its last map, and kept for its next one: how many items take `CHUNK_MS`. */
  readonly task: { fitting: number };
  /** Target run time of one job, in ms. Default: 1.5. */
  readonly targetMs?: number | undefined;
}

/** Decides how many items each job of a map takes: as many as take the target time, learnt from the jobs before. */
export class ChunkSize {
  readonly #fixed: number | undefined;
  readonly #most: number;
  readonly #task: ChunkLimits['task'];
  readonly #targetMs: number;
  #size: number;

  constructor({ fixed, most, task, targetMs = CHUNK_MS }: ChunkLimits) {
    this.#fixed = fixed;
    this.#most = most;
    this.#task = task;
    this.#targetMs = targetMs;
    const fitting = (task.fitting * targetMs) / CHUNK_MS;
    const first = Math.floor(Math.min(fitting / FIRST_PART, most)); // these items may take longer
    this.#size = fixed ?? Math.max(1, first);
  }

  /**
   * Returns the size of the next chunk. If the number of items is known, the last chunks shrink so that workers end
   * together.
   *
   * @param left how many items are left, if known.
   * @param places how many jobs can run at once.
   */
  next(left: number | undefined, places: number): number {
    if (this.#fixed !== undefined || left === undefined) return this.#size;
    const share = Math.ceil(left / (2 * places));
    return Math.max(1, Math.min(this.#size, Math.max(share, Math.ceil(this.#size / MAX_GROWTH))));
  }

  /** Adapts the size of later chunks to how long a job with `items` items took. */
  learn(items: number, ms: number): void {
    if (this.#fixed !== undefined) return;
    const fitting = (items * this.#targetMs) / ms; // Infinity if the clock saw no time pass
    const atLeast = this.#size / MAX_GROWTH;
    // a small job, such as one of the last, says little about larger ones, and so does not reduce their size
    const atMost = Math.min(Math.max(items * MAX_GROWTH, this.#size), this.#most);
    this.#size = Math.max(1, Math.round(Math.min(Math.max(fitting, atLeast), atMost)));
    this.#task.fitting = (this.#size * CHUNK_MS) / this.#targetMs;
  }
}
