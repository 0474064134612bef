import type { ContextStores } from '../base/context-stores.js';
import { watchUnobserved } from '../base/unobserved.js';
import { JobMaps } from '../compose/map/job-maps.js';
import { toThrown } from '../host/result-lane.js';
import { taskOf } from '../jobs/job-engine.js';
import type { MetricsRecorder } from '../metrics/recorder.js';
import type { EventHub } from './events.js';
import type { Intake } from './lifecycle/intake.js';
import type { PoolLog } from './log.js';
import type { WorkerSet } from './workers/worker-set.js';

export interface PoolMapsDeps {
  readonly workers: WorkerSet;
  readonly log: PoolLog;
  readonly intake: Intake;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  /** The pool's own context. */
  readonly context: ContextStores | undefined;
}

/** Returns the maps of the pool that has these parts. */
export function poolMaps({ workers, log, intake, metrics, events, context }: PoolMapsDeps): JobMaps {
  return new JobMaps(() => ({
    places: workers.places,
    context,
    submit: (job) => intake.submitUnbounded(job),
    retried: (job, failed) => {
      metrics.jobRetried(taskOf(job));
      events.emit('jobRetried', job, failed);
    },
    decode: (error) => toThrown(error).error,
    failedUnobserved: (map, message) =>
      watchUnobserved(map, (when) => log.fault(message, { type: 'UnobservedJobFailure', isLast: when === 'exit' })),
  }));
}
