import { RecentMap } from '../../base/maps/recent-map.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import { decodeValue, type Encoded } from '../codec/value-codec.js';

/** How many lists are known at once: those that were used last. */
const KEPT = 16;

/**
 * The common arguments of maps. They are the same for all parts of a map, so they are decoded once and sent once to each
 * worker.
 */
export class CommonArgsCache {
  readonly #known = new RecentMap<string, TaskRef>(KEPT);

  /** Returns the task with these arguments after those of each call. @throws {NotCloneableError} */
  add(task: TaskRef, encoded: Encoded): TaskRef {
    const key = `${task.id} ${JSON.stringify(encoded)}`;
    let called = this.#known.get(key);
    if (called === undefined) {
      const args = decodeValue(encoded, 'options.args');
      called = task.withArgs(Array.isArray(args) ? args : []);
    }
    this.#known.set(key, called);
    return called;
  }
}
