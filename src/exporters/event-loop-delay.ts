import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is probed. A delay is known to within this time. */
const RESOLUTION_MS = 10;
const QUANTILES = [0.5, 0.9, 0.99, 1] as const;
const NS_PER_S = 1e9;

/** A quantile of delays, in seconds. */
export interface DelayQuantile {
  readonly quantile: string;
  readonly seconds: number;
}

/**
 * How late the event loop of this thread runs its timers. Jobs are sent and answers are read by that loop, so that a late
 * loop delays them. Keeps no process alive.
 */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Returns the quantiles of the time since the last call, and starts again. All are 0 if nothing was measured. */
  read(): readonly DelayQuantile[] {
    const isEmpty = this.#histogram.count === 0;
    const quantiles = QUANTILES.map((quantile) => ({
      quantile: String(quantile),
      seconds: isEmpty ? 0 : this.#secondsAt(quantile),
    }));
    this.#histogram.reset();
    return quantiles;
  }

  close(): void {
    this.#histogram.disable();
  }

  /** What is measured is the time from one probe to the next. */
  #secondsAt(quantile: number): number {
    const between = quantile === 1 ? this.#histogram.max : this.#histogram.percentile(quantile * 100);
    return Math.max(0, between / NS_PER_S - RESOLUTION_MS / 1e3);
  }
}
