import { refuseOptions } from '../base/check/options.js';
import { checkFunction } from '../base/check/values.js';
import type { Job } from '../jobs/job.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { Engine } from './engine.js';
import { type JobFilter, type JobRow, listJobs } from './job-list.js';
import { PoolEmitter, partsOf } from './pool-emitter.js';
import { poolMetrics } from './pool-metrics.js';
import { closedError } from './pool-state.js';
import type { CpuProfile } from './profile/cpu-profile.js';
import { openTop, type PoolTop, type TopOptions } from './top/pool-top.js';
import type { Trace, TraceOptions } from './trace/trace.js';
import { readTraceCall } from './trace/trace-call.js';

/** The part of a pool that shows what it does. */
export abstract class ObservedPool extends PoolEmitter {
  /** The option `name`: the prefix of its threads' names, and its name in logs, metrics and traces. */
  get name(): string {
    return this.#given.name;
  }

  /** Lists the jobs that have not settled, the most urgent first: up to `filter.limit` of them, by default 100. */
  jobs(filter?: JobFilter): readonly JobRow[] {
    return listJobs(this.#given.control.unsettled(), filter);
  }

  /** Returns a snapshot of the pool's metrics. */
  metrics(): PoolMetrics {
    return poolMetrics(this.#given, this.name);
  }

  /**
   * Makes one CPU profile of the calling thread and of every worker, including those that start meanwhile, while `fn` runs:
   * until it returns, or its promise settles. The part of a worker that dies is lost.
   *
   * @returns the profile, for `JSON.stringify` and a file named `….cpuprofile`; rejects with what `fn` throws.
   * @throws {TypeError} if `fn` is not a function.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   */
  profile(fn: () => unknown): Promise<CpuProfile>;
  profile(fn: () => unknown, ...rest: readonly unknown[]): Promise<CpuProfile> {
    checkFunction(fn, 'fn', 'profile');
    refuseOptions(rest, 'profile');
    if (this.#given.state.phase !== 'open') return Promise.reject(closedError('profile'));
    return this.#given.profiling.run(fn, this.#given);
  }

  /**
   * Makes a trace of what jobs and workers do while `fn` runs: until it returns, or its promise settles. Or, as a flight
   * recorder, of the last `lastMs` milliseconds: it records from the first such call on, and keeps the last 65,536 attempts.
   *
   * @returns the trace, for `JSON.stringify` and a file, which ui.perfetto.dev shows; rejects with what `fn` throws.
   * @throws {TypeError | RangeError} if it is given neither a function nor valid options.
   * @throws {PoolClosedError} by rejection, after `shutdown`, unless the flight recorder runs.
   *
   * @example
   * ```ts
   * const trace = await pool.trace(() => pool.map(tasks.thumbnail, files));
   * await writeFile('trace.json', JSON.stringify(trace));
   * ```
   */
  trace(fn: () => unknown): Promise<Trace>;
  trace(options: TraceOptions): Promise<Trace>;
  trace(given: unknown, ...rest: readonly unknown[]): Promise<Trace> {
    const { state, tracing } = this.#given;
    const call = readTraceCall(given, rest);
    const isKnown = 'lastMs' in call && tracing.isRecorderOn;
    if (state.phase !== 'open' && !isKnown) return Promise.reject(closedError('trace'));
    return 'fn' in call ? tracing.run(call.fn) : tracing.last(call.lastMs);
  }

  /**
   * Shows the pool in the terminal, like `top`: as a full screen, with keys, or as one line per second if there is no terminal.
   * Keeps neither the process nor the pool alive.
   *
   * @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received.
   */
  top(options?: TopOptions): PoolTop {
    const { control, workers, running } = this.#given;
    const metrics = (): PoolMetrics => this.metrics();
    const unsettled = (): Iterable<Job> => control.unsettled();
    return openTop({ metrics, unsettled, state: () => running.status, maxWorkers: () => workers.maxWorkers }, options);
  }

  get #given(): Engine {
    return partsOf(this) as Engine; // given by the constructor of the pool
  }
}
