import type { Task } from '../../jobs/task.js';
import { isEnded, JobMap, type MapDeps, poolCloses } from './job-map.js';

/** What maps use of their pool. */
export type JobMapsDeps = Omit<MapDeps, 'ended'>;

/** The maps of a pool that are in progress. */
export class JobMaps {
  readonly #deps: () => JobMapsDeps;
  readonly #maps = new Set<JobMap<unknown, unknown>>();

  /** @param deps called for each map. */
  constructor(deps: () => JobMapsDeps) {
    this.#deps = deps;
  }

  /** @throws {TypeError | RangeError} for a bad task, items or option. */
  add(task: Task, items: unknown, options: unknown): JobMap<unknown, unknown> {
    const deps: MapDeps = { ...this.#deps(), ended: (map) => this.#maps.delete(map) };
    const map = new JobMap<unknown, unknown>(deps, task, items, options);
    if (!isEnded(map)) this.#maps.add(map);
    return map;
  }

  /** The pool takes no more jobs: ends the maps with `error`. */
  close(error: Error): void {
    for (const map of [...this.#maps]) poolCloses(map, error);
  }
}
