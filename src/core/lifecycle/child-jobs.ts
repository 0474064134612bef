import { RareMap } from '../../base/rare-map.js';
import { readChildOptions } from '../../contract/child-options.js';
import type { ChildSubmission } from '../../contract/child-submission.js';
import { PoolClosedError } from '../../errors.js';
import { isSettled, Job, kindOf, placeOf, setPlace } from '../../jobs/job.js';
import { contextOf, setContext, whenSettled } from '../../jobs/job-engine.js';
import { checkJobOptions, withOptions } from '../../jobs/job-options.js';
import { refOfOrigin } from '../../jobs/task-registry.js';
import { CancellationToken } from '../../sync/cancellation-token.js';
import type { PoolWorker } from '../pool-worker.js';

/** What childJobs ask of their pool. */
export interface ChildJobsDeps {
  submit(job: Job): void;
  /** Whether the pool still runs what is pending. */
  isOpen(): boolean;
}

/** Jobs that were submitted by jobs: they are cancelled with their parent, which settles after them. */
export class ChildJobs {
  readonly #host: ChildJobsDeps;
  readonly #children = new RareMap<Job, Set<Job>>();
  /** Children by their number on their parent's worker. */
  readonly #byNumber = new Map<string, Job>();
  /** How parents settle whose code has ended. */
  readonly #waiting = new Map<Job, () => void>();

  constructor(host: ChildJobsDeps) {
    this.#host = host;
  }

  /** How many jobs whose code has ended wait for their children. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Jobs with children that have not settled: each before those of its children that are parents. */
  get parents(): readonly Job[] {
    return [...this.#children.keys()];
  }

  [Symbol.iterator](): Iterator<Job> {
    return this.#waiting.keys();
  }

  /** Submits a child that a job's code asks for, and tells that code how it ended. */
  submit(worker: PoolWorker, parent: Job, asked: ChildSubmission): void {
    let job: Job;
    try {
      job = this.#make(parent, asked);
    } catch (error) {
      worker.tellChildEnd(asked.child, { error });
      return;
    }
    const key = keyOf(worker, asked.child);
    const settled = (): void => {
      this.#byNumber.delete(key);
      worker.tellChildEnd(
        asked.child,
        kindOf(job).settledAs === 'COMPLETED' ? { value: job.result } : { error: job.error },
      );
      this.#settled(worker, parent, job);
    };
    this.#byNumber.set(key, job);
    let children = this.#children.get(parent);
    if (children === undefined) {
      children = new Set();
      this.#children.set(parent, children);
    }
    children.add(job);
    this.#host.submit(job);
    if (isSettled(job)) settled();
    else whenSettled(job, settled);
  }

  /** A parent awaits something: where it still has children it gives up its place. */
  suspend(worker: PoolWorker, parent: Job): void {
    if (this.hasChildren(parent)) worker.suspend(parent, true);
  }

  /** Cancels a child by its number on its parent's worker. */
  cancel(worker: PoolWorker, child: number, reason: unknown): void {
    this.#byNumber.get(keyOf(worker, child))?.cancel(reason);
  }

  /** @throws {TypeError} or {RangeError} for a bad option; {PoolClosedError} where nothing more is run. */
  #make(parent: Job, asked: ChildSubmission): Job {
    const { task, args } = asked;
    const ref = refOfOrigin(task);
    const action = `submit child '${ref.name}'`;
    if (!this.#host.isOpen()) throw new PoolClosedError(`Cannot ${action}: the pool is shut down`);
    const options = checkJobOptions(readChildOptions(asked.options, action), action);
    const tokens = options.token === undefined ? [parent.token] : [parent.token, options.token];
    const { priority = kindOf(parent).priority } = options;
    const token = CancellationToken.any(tokens);
    // what was moved here goes on without a copy; not where it may be needed for another attempt
    const transfer = options.retry === undefined && Object.hasOwn(asked, 'transfer') ? asked.transfer : undefined;
    const given = withOptions(options, transfer === undefined ? { priority, token } : { priority, token, transfer });
    const job = new Job(ref as never, args as never, given as never) as Job;
    const context = contextOf(parent);
    if (asked.context !== undefined) setContext(job, { ...context, ...asked.context });
    else if (context !== undefined) setContext(job, context);
    return job;
  }

  /** Whether a job has children that have not settled. */
  hasChildren(job: Job): boolean {
    return this.#children.has(job);
  }

  /** Cancels a job's children: it has failed. */
  cancelChildren(job: Job): void {
    for (const child of [...(this.#children.get(job) ?? [])])
      child.cancel(`job '${job.name}', which submitted it, has failed`);
  }

  /** Settles a job whose code has ended once its children have settled; until then it counts as running. */
  settleAfterChildren(job: Job, settle: () => void): void {
    const place = placeOf(job);
    if (!this.hasChildren(job) || place === undefined) {
      settle();
      return;
    }
    setPlace(job, { workerId: place.workerId, attempt: place.attempt - 1, hasBegun: () => true });
    this.#waiting.set(job, () => {
      setPlace(job, place);
      settle();
    });
  }

  /** Whether a job's code has ended, and its children have not. */
  isWaiting(job: Job): boolean {
    return this.#waiting.has(job);
  }

  #settled(worker: PoolWorker, parent: Job, job: Job): void {
    const children = this.#children.get(parent);
    children?.delete(job);
    if (children === undefined || children.size > 0) return;
    this.#children.delete(parent);
    worker.suspend(parent, false);
    const settle = this.#waiting.get(parent);
    this.#waiting.delete(parent);
    settle?.();
  }
}

function keyOf(worker: PoolWorker, child: number): string {
  return `${worker.workerId}:${child}`;
}
