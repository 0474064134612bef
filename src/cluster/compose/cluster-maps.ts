import { wrongType } from '../../base/check/argument-errors.js';
import { watchUnobserved } from '../../base/unobserved.js';
import type { JobMap } from '../../compose/map/job-map.js';
import { JobMaps } from '../../compose/map/job-maps.js';
import { type MapOptions, readMapOptions } from '../../compose/map/map-options.js';
import type { PoolLog } from '../../core/log.js';
import { taskOf } from '../../jobs/job-engine.js';
import type { Task } from '../../jobs/task.js';
import { decodeError, type ErrorRecord } from '../../wire/message/error-codec.js';
import type { ClusterIntake } from '../pool/cluster-intake.js';
import type { ClusterJob } from '../pool/cluster-job.js';
import { checkRemoteOptions, localOptions, readRemoteTask } from '../pool/cluster-job-options.js';
import type { Books } from '../pool/submission.js';

/** Target run time of one job of a map, in ms: a job costs about a millisecond in Redis. */
const CHUNK_MS = 20;

/** Options of a map: those of a local one, except those that move objects or join jobs. */
export interface ClusterMapOptions extends Omit<MapOptions, 'transferItems' | 'dependsOn' | 'key' | 'keyJoins'> {
  /** Jobs of this pool that must complete first. Default: none. */
  readonly dependsOn?: readonly ClusterJob[] | undefined;
}

/** Options with which a typed array results in one of the same kind. */
export interface PlainClusterMapOptions extends ClusterMapOptions {
  readonly settled?: false | undefined;
  readonly flat?: false | undefined;
}

export interface ClusterMapsDeps {
  readonly log: PoolLog;
  readonly intake: ClusterIntake;
  readonly books: Books;
  /** How many jobs all hosts run at once, as last heard. */
  readonly places: () => number;
}

/** The maps of a pool that are in progress: local ones, each part of which is a job of the cluster. */
export class ClusterMaps {
  readonly #maps: JobMaps;

  constructor({ log, intake, books, places }: ClusterMapsDeps) {
    this.#maps = new JobMaps(() => ({
      places: places(),
      chunkMs: CHUNK_MS,
      context: undefined,
      submit: (job) => intake.submitUnbounded(job),
      retried: (job, failed) => {
        books.metrics.jobRetried(taskOf(job));
        books.events.emit('jobRetried', job, failed);
      },
      decode: (error) => decodeError(error as ErrorRecord),
      failedUnobserved: (map, message) =>
        watchUnobserved(map, (when) => log.fault(message, { type: 'UnobservedJobFailure', isLast: when === 'exit' })),
    }));
  }

  /** @throws {TypeError | RangeError} for a bad task, items or option. */
  add(task: Task, items: unknown, options: ClusterMapOptions | undefined): JobMap<unknown, unknown> {
    const ref = readRemoteTask(task, 'map');
    const action = `map '${ref.name}'`;
    const local = options && localOptions(options, action);
    const { jobOptions, transferItems } = readMapOptions(local, action);
    if (transferItems)
      throw wrongType(action, 'transferItems must not be given, as nothing can be moved to another machine');
    checkRemoteOptions(jobOptions, action);
    return this.#maps.add(ref as unknown as Task, items, local);
  }

  /** The pool takes no more jobs: ends the maps with `error`. */
  close(error: Error): void {
    this.#maps.close(error);
  }
}
