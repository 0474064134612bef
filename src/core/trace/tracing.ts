import { now } from '../../base/clock.js';
import type { ListenerQueue } from '../../base/listener-queue.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { JobControl } from '../lifecycle/job-control.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Trace } from './trace.js';
import { traceOf } from './trace-events.js';
import type { TraceRecorder } from './trace-recorder.js';

export interface TracingDeps {
  readonly recorder: TraceRecorder;
  readonly workers: WorkerSet;
  readonly pacer: Pacer;
  readonly control: JobControl;
  readonly listenerQueue: ListenerQueue;
}

/** How many pools of this process have been traced. */
let lastNumber = 0;

/** Makes the traces of a pool. */
export class Tracing {
  readonly #pool: string;
  readonly #deps: TracingDeps;
  #number = 0;
  /** Whether the flight recorder runs: from its first use on, for good. */
  #isRecorderOn = false;

  /** @param pool its name. */
  constructor(pool: string, deps: TracingDeps) {
    this.#pool = pool;
    this.#deps = deps;
  }

  /** Whether a trace can be made of what was recorded before. */
  get isRecorderOn(): boolean {
    return this.#isRecorderOn;
  }

  /** The trace of what happens while `fn` runs, with the jobs that ran or waited before. @throws what `fn` throws. */
  async run(fn: () => unknown): Promise<Trace> {
    const { recorder, workers } = this.#deps;
    const fromMs = now();
    const begun = recorder.begin(workers.all);
    try {
      await begun;
      await fn();
      return await this.#read(() => fromMs);
    } finally {
      recorder.end(workers.all);
    }
  }

  /** The trace of the last `lastMs`, as far as it is recorded: since the first call. */
  last(lastMs: number): Promise<Trace> {
    const { recorder, workers } = this.#deps;
    if (!this.#isRecorderOn) void recorder.begin(workers.all);
    this.#isRecorderOn = true;
    return this.#read((toMs) => Math.max(recorder.begunAtMs, toMs - lastMs));
  }

  async #read(fromMs: (toMs: number) => number): Promise<Trace> {
    const { recorder, workers, pacer, control, listenerQueue } = this.#deps;
    await recorder.readCollections(workers.all);
    pacer.drain();
    // listeners are notified of the answers read so far first
    await new Promise<void>((resolve) => listenerQueue.add(resolve, [], 'trace'));
    if (this.#number === 0) this.#number = ++lastNumber;
    const recorded = recorder.read(fromMs(now()), control.unsettled());
    return traceOf({ pool: this.#pool, number: this.#number, ...recorded });
  }
}
