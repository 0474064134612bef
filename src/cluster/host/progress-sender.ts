import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import type { Job } from '../../jobs/job.js';
import type { Notice } from '../codec/notices.js';
import { encodeValue } from '../codec/value-codec.js';

/** Least time between two reports of a job that are sent, in ms. */
const BETWEEN_MS = 20;

/** Sends what a job reports: everything up to 50 reports a second; beyond that, the latest. */
export class ProgressSender {
  readonly #id: string;
  readonly #send: (notice: Notice) => void;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #latest: { readonly value: unknown } | undefined;
  #stopTimer: StopTimer | undefined;

  constructor(id: string, job: Job, send: (notice: Notice) => void) {
    this.#id = id;
    this.#send = send;
    job.onProgress((value) => this.#reported(value));
  }

  #reported(value: unknown): void {
    this.#latest = { value };
    const leftMs = this.#sentAtMs + BETWEEN_MS - now();
    if (leftMs <= 0) this.flush();
    else this.#stopTimer ??= startTimer(leftMs, () => this.flush(), { keepsProcess: false });
  }

  /** Sends the latest report, if it was not sent: called before the job's outcome is sent. */
  flush(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const latest = this.#latest;
    this.#latest = undefined;
    if (latest === undefined) return;
    this.#sentAtMs = now();
    try {
      this.#send(['progress', this.#id, encodeValue(latest.value, 'report').encoded]);
    } catch {
      // such as shared memory, which cannot leave this machine
    }
  }
}
