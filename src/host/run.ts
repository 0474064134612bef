/** When jobs began to wait, in ms of `now()`: one object per batch. */
interface Since {
  readonly ms: number;
}

/**
 * What a job keeps of a run. Jobs that were submitted in one batch and ran on one worker share the object. With how long a job
 * waited, it tells when the job began, for which a job has no field.
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

/** The runs on one worker. For each attempt number the last record is kept, for further jobs of its batch. */
export class Runs {
  readonly #workerId: number;
  readonly #last: Run[] = [];

  constructor(workerId: number) {
    this.#workerId = workerId;
  }

  /** Returns the record of an attempt that began here. @param since when the job began to wait for it. */
  of(attempt: number, since: Since | undefined): Run {
    const last = this.#last[attempt];
    if (last !== undefined && last.since === since) return last;
    const run = new Run(this.#workerId, attempt, since);
    this.#last[attempt] = run;
    return run;
  }
}
