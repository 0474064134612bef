import { watchUnobserved } from '../base/unobserved.js';
import { JobMaps } from '../compose/map/job-maps.js';
import { toThrown } from '../host/result-lane.js';
import { taskOf } from '../jobs/job-engine.js';
import type { Engine } from './engine.js';

/** Returns the maps of the pool that has these parts. */
export function poolMaps({ workers, log, intake, metrics, events }: Engine): JobMaps {
  return new JobMaps(() => ({
    places: workers.places,
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
