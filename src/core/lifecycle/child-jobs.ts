import { RareMap } from '../../base/maps/rare-map.js';
import type { Job } from '../../jobs/job.js';
import { ownerOf, setOwner } from '../../jobs/job-access.js';
import type { PoolWorker } from '../pool-worker.js';

/** Tracks which jobs were submitted by which: children are cancelled with their parent, which settles after them. */
export class ChildJobs {
  readonly #children = new RareMap<Job, Set<Job>>();
  /** Parents whose code has ended, and how each settles. */
  readonly #waiting = new Map<Job, () => void>();

  /** How many jobs whose code has ended wait for their children. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Jobs with children that have not settled: each before those of its children that are parents. */
  get parents(): readonly Job[] {
    return [...this.#children.keys()];
  }

  /** The jobs whose code has ended that wait for their children. */
  [Symbol.iterator](): Iterator<Job> {
    return this.#waiting.keys();
  }

  /** A job has submitted a child. */
  add(parent: Job, child: Job): void {
    let children = this.#children.get(parent);
    if (children === undefined) {
      children = new Set();
      this.#children.set(parent, children);
    }
    children.add(child);
  }

  /** A child has settled. @param worker where its parent runs, or ran. */
  remove(worker: PoolWorker, parent: Job, child: Job): void {
    const children = this.#children.get(parent);
    children?.delete(child);
    if (children === undefined || children.size > 0) return;
    this.#children.delete(parent);
    worker.resume(parent);
    const settle = this.#waiting.get(parent);
    this.#waiting.delete(parent);
    settle?.();
  }

  /** A job's code awaits something: if it still has children it gives up its place at the worker. */
  suspend(worker: PoolWorker, parent: Job): void {
    if (this.hasChildren(parent)) worker.suspend(parent);
  }

  /** Whether a job has children that have not settled. */
  hasChildren(job: Job): boolean {
    return this.#children.has(job);
  }

  /** Cancels the children of a job that has failed. */
  cancelChildren(job: Job): void {
    for (const child of [...(this.#children.get(job) ?? [])]) child.cancel(`its parent job '${job.name}' failed`);
  }

  /** Settles a job whose code has ended once its children have settled; until then it counts as running. */
  settleAfterChildren(job: Job, settle: () => void): void {
    const owner = ownerOf(job);
    if (!this.hasChildren(job) || owner === undefined) {
      settle();
      return;
    }
    const { workerId, attempt, since } = owner;
    setOwner(job, { workerId, attempt: attempt - 1, since, hasBegun: () => true });
    this.#waiting.set(job, () => {
      setOwner(job, owner);
      settle();
    });
  }

  /** Whether a job's code has ended, and its children have not. */
  isWaiting(job: Job): boolean {
    return this.#waiting.has(job);
  }
}
