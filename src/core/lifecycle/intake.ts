import { type ContextStores, readContext } from '../../base/context-stores.js';
import { nestingDepth, refusalHere } from '../../base/nesting.js';
import type { Job } from '../../jobs/job.js';
import { hasOptions, isPlain, isSettled, kindOf, optionsOf, orderOf } from '../../jobs/job-access.js';
import { contextOf, linkParents, setContext, whenSettled } from '../../jobs/job-engine.js';
import type { PoolChannels } from '../channels.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import { isPlaced } from '../dispatch/placed-jobs.js';
import type { Ledger } from '../ledger.js';
import type { PoolSettings } from '../options/options.js';
import type { ReadonlyPoolState } from '../pool-state.js';
import { closedError } from '../pool-state.js';
import type { Admission } from './admission.js';
import type { DeferredJobs } from './deferred-jobs.js';
import type { TimeLimits } from './time-limits.js';

export interface IntakeDeps {
  readonly state: ReadonlyPoolState;
  readonly ledger: Ledger;
  readonly admission: Admission;
  readonly deferred: DeferredJobs;
  readonly limits: TimeLimits;
  readonly pacer: Pacer;
  readonly channels: PoolChannels;
  readonly dispatcher: Dispatcher;
}

function refuse(job: Job): never {
  throw closedError(`submit job '${job.name}'`);
}

/** @throws {Error} in code that a worker runs while it loads a task module. */
function refuseWhileLoading(job: Job): void {
  const refusal = refusalHere(`submit job '${job.name}'`);
  if (refusal !== undefined) throw refusal;
}

/** The way in for every job: it is counted, finds room, is deferred if its options say so, and goes to the queue. */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #ledger: Ledger;
  readonly #pacer: Pacer;
  readonly #state: ReadonlyPoolState;
  readonly #channels: PoolChannels;
  /** The context of the pool, for all of its jobs. */
  readonly #context: ContextStores | undefined;
  /** Whether a job without options only has to be queued. */
  readonly #takesPlain: boolean;
  readonly #isInWorker = nestingDepth() > 0;
  /** Unsettled jobs by their `key`. */
  readonly #keys = new Map<unknown, Job>();

  constructor({ context }: Pick<PoolSettings, 'context'>, deps: IntakeDeps) {
    this.#deps = deps;
    this.#ledger = deps.ledger;
    this.#pacer = deps.pacer;
    this.#state = deps.state;
    this.#channels = deps.channels;
    this.#context = context;
    this.#takesPlain = !deps.admission.isBounded && context === undefined;
  }

  /**
   * Submits a job, or joins it to an unsettled one of its key. Returns the job that will run.
   *
   * @throws {PoolClosedError} after `shutdown`.
   * @throws {Error} in code that a worker runs while it loads a task module.
   */
  submit(job: Job): Job {
    this.#checkOpen(job);
    if (!isPlain(job) || !this.#takesPlain || this.#channels.isSubmitWatched) return this.#submitOther(job);
    // the fast path for a job without options, the common case: it cannot be deferred, limited, or settled already
    this.#pacer.beginBatch();
    this.#ledger.enter(job);
    this.#pacer.enqueue(job);
    return job;
  }

  #submitOther(job: Job): Job {
    if (hasOptions(job)) return this.#submitWithOptions(job);
    this.#readContext(job);
    this.enter(job, 'bounded');
    return job;
  }

  #submitWithOptions(job: Job): Job {
    const { key, keyJoins } = optionsOf(job);
    const known = key === undefined ? undefined : this.#keys.get(key);
    if (known !== undefined && (keyJoins !== 'pending' || known.attempts === 0)) {
      const { priority } = kindOf(job);
      if (priority > kindOf(known).priority) known.setPriority(priority);
      return known;
    }
    this.#readContext(job);
    this.enter(job, 'bounded');
    if (key === undefined || isSettled(job)) return job;
    this.#keys.set(key, job);
    whenSettled(job, () => {
      if (this.#keys.get(key) === job) this.#keys.delete(key); // otherwise the key is another job's by now
    });
    return job;
  }

  /**
   * Submits a job of a map, regardless of `maxQueue`: the map bounds itself.
   *
   * @throws {PoolClosedError} after `shutdown`.
   */
  submitUnbounded(job: Job): void {
    this.#checkOpen(job);
    this.#readContext(job);
    this.enter(job, 'unbounded');
  }

  /** Enters a job that was submitted by another, with the context it has. */
  enterChild(job: Job): void {
    this.#publish(job);
    this.enter(job, 'unbounded');
  }

  /** Enters a job. @param room whether the job counts against `maxQueue`. */
  enter(job: Job, room: 'bounded' | 'unbounded'): void {
    const { ledger, admission, pacer } = this.#deps;
    pacer.beginBatch();
    if (isSettled(job)) {
      ledger.enterSettled(job);
      return;
    }
    if (room === 'unbounded' || !admission.isBounded) ledger.enter(job);
    else if (!this.#findsRoom(job)) return;
    if (hasOptions(job)) this.#enterWithOptions(job);
    else if (orderOf(job) < 0) pacer.enqueueBefore(job);
    else pacer.enqueue(job);
  }

  /** Enters a job that counts against `maxQueue`. False if it was refused. */
  #findsRoom(job: Job): boolean {
    const { ledger, admission } = this.#deps;
    const isRefused = admission.isFullFor(job);
    ledger.enter(job);
    admission.entered();
    return !isRefused || admission.makeRoomFor(job) === 'admitted';
  }

  #enterWithOptions(job: Job): void {
    const { deferred, limits, pacer, dispatcher } = this.#deps;
    if (isPlaced(job)) dispatcher.expectPlaced();
    const isDeferred = deferred.tryDefer(job);
    if (!isDeferred) pacer.insert(job);
    linkParents(job);
    if (!isSettled(job)) limits.entered(job);
    if (!isDeferred) pacer.inserted(job); // last: it may begin now
  }

  #readContext(job: Job): void {
    const { context } = optionsOf(job);
    if (context !== undefined || this.#context !== undefined)
      setContext(job, readContext({ ...this.#context, ...context }));
    this.#publish(job);
  }

  /** Publishes the submission: subscribers may add to the job's context. */
  #publish(job: Job): void {
    if (!this.#channels.isSubmitWatched) return;
    const values = this.#channels.submitted(job, contextOf(job) ?? {});
    if (Object.keys(values).length > 0) setContext(job, values);
  }

  #checkOpen(job: Job): void {
    if (this.#state.phase !== 'open') refuse(job);
    if (this.#isInWorker) refuseWhileLoading(job);
  }
}
