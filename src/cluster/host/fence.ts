import type { Worker } from 'bullmq';
import { clearInterval, now, setInterval } from '../../base/clock.js';
import type { HostRun } from './host-run.js';

/**
 * Finds runs whose lock is lost: another host may be running their jobs by now. BullMQ reports it if it can ask Redis; if it
 * cannot, the time since the last renewal shows it.
 */
export class Fence {
  readonly #runs: ReadonlyMap<string, HostRun>;
  readonly #lockMs: number;
  readonly #onLost: (run: HostRun) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(runs: ReadonlyMap<string, HostRun>, lockMs: number, onLost: (run: HostRun) => void) {
    this.#runs = runs;
    this.#lockMs = lockMs;
    this.#onLost = onLost;
    this.#timer = setInterval(() => this.#check(), Math.max(10, lockMs / 10)).unref();
  }

  watch(worker: Worker): void {
    worker.on('locksRenewed', ({ jobIds }) => {
      for (const id of jobIds) {
        const run = this.#runs.get(id);
        if (run !== undefined) run.lockedAtMs = now();
      }
    });
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#lost(this.#runs.get(id));
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const lostBefore = now() - this.#lockMs;
    for (const run of [...this.#runs.values()]) if (run.lockedAtMs < lostBefore) this.#lost(run);
  }

  #lost(run: HostRun | undefined): void {
    if (run !== undefined && run.stoppedBy !== 'fenced') this.#onLost(run);
  }
}
