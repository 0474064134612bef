/** Since when jobs waited, in ms of `now()`: one object for a batch. */
interface Since {
  readonly ms: number;
}

/**
 * What a job keeps of a run. Jobs share one object that were submitted in one batch and ran on one worker: with how long each
 * of them waited it says when each began, for which a job has no field.
 */
class Run {
  readonly workerId: number;
  /** 1 for the first run. */
  readonly attempt: number;
  readonly since: Since | undefined;

  constructor(workerId: number, attempt: number, since: Since | undefined) {
    this.workerId = workerId;
    this.attempt = attempt;
    this.since = since;
  }

  /** The record is the job's owner once the job has left its worker: nothing can begin there. */
  hasBegun(): boolean {
    return false;
  }
}

/** The runs on one worker: of each number of an attempt the last record is kept, for the next jobs of its batch. */
export class Runs {
  readonly #workerId: number;
  readonly #last: Run[] = [];

  constructor(workerId: number) {
    this.#workerId = workerId;
  }

  /** What a job keeps of an attempt that began here. @param since when the job began to wait for that. */
  of(attempt: number, since: Since | undefined): Run {
    const last = this.#last[attempt];
    if (last !== undefined && last.since === since) return last;
    const run = new Run(this.#workerId, attempt, since);
    this.#last[attempt] = run;
    return run;
  }
}
