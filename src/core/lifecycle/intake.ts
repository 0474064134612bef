import { readContext } from '../../base/context-stores.js';
import { nestingDepth, refusalHere } from '../../base/nesting.js';
import { PoolClosedError } from '../../errors.js';
import { hasOptions, isPlain, isSettled, type Job, kindOf, optionsOf, orderOf } from '../../jobs/job.js';
import { linkParents, setContext, whenSettled } from '../../jobs/job-engine.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger, PoolOwner } from '../ledger.js';
import type { Shutdown } from '../shutdown.js';
import type { Admission } from './admission.js';
import type { DeferredJobs } from './deferred-jobs.js';
import type { TimeLimits } from './time-limits.js';

export interface IntakeDeps {
  readonly ledger: Ledger;
  readonly owner: PoolOwner;
  readonly admission: Admission;
  readonly deferred: DeferredJobs;
  readonly limits: TimeLimits;
  readonly pacer: Pacer;
  readonly shutdown: Shutdown;
}

function refuse(job: Job): never {
  throw new PoolClosedError(`Cannot submit job '${job.name}': the pool is shut down`);
}

/** @throws {Error} in what a worker does as it loads a task module. */
function refuseWhileLoading(job: Job): void {
  const refusal = refusalHere(`submit job '${job.name}'`);
  if (refusal !== undefined) throw refusal;
}

/** The way by which every job comes in: it is counted, finds room, waits for what holds it, and goes to the queue. */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #ledger: Ledger;
  readonly #pacer: Pacer;
  readonly #shutdown: Shutdown;
  readonly #isUnbounded: boolean;
  readonly #isInWorker = nestingDepth() > 0;
  /** Unsettled jobs by their `key`. */
  readonly #keys = new Map<unknown, Job>();

  constructor(parts: IntakeDeps) {
    this.#deps = parts;
    this.#ledger = parts.ledger;
    this.#pacer = parts.pacer;
    this.#shutdown = parts.shutdown;
    this.#isUnbounded = !parts.admission.isBounded;
  }

  /**
   * Submits a job, unless it joins an unsettled one of its key: answers which it is.
   *
   * @throws {PoolClosedError} after `shutdown`.
   * @throws {Error} in what a worker does as it loads a task module.
   */
  submit(job: Job): Job {
    this.#checkOpen(job);
    if (isPlain(job) && this.#isUnbounded) {
      this.#enterPlain(job);
      return job;
    }
    if (hasOptions(job)) return this.#submitWithOptions(job);
    this.enter(job, true);
    return job;
  }

  /** A job that nothing holds and nothing limits, as most are: it has not settled, as it has no reason. */
  #enterPlain(job: Job): void {
    if (this.#pacer.beginsBatch()) this.#ledger.look();
    this.#ledger.enter(job, this.#deps.owner);
    this.#pacer.enqueue(job);
  }

  #submitWithOptions(job: Job): Job {
    this.#readContext(job);
    const { key } = optionsOf(job);
    const known = key === undefined ? undefined : this.#keys.get(key);
    if (known !== undefined) {
      const { priority } = kindOf(job);
      if (priority > kindOf(known).priority) known.setPriority(priority);
      return known;
    }
    this.enter(job, true);
    if (key === undefined || isSettled(job)) return job;
    this.#keys.set(key, job);
    whenSettled(job, () => this.#keys.delete(key));
    return job;
  }

  /**
   * Submits a job of a map, which bounds itself.
   *
   * @throws {PoolClosedError} after `shutdown`.
   */
  submitUnbounded(job: Job): void {
    this.#checkOpen(job);
    this.#readContext(job);
    this.enter(job, false);
  }

  /** Takes a job in. @param isBounded whether it counts against `maxQueue`. */
  enter(job: Job, isBounded: boolean): void {
    const { ledger, owner, admission, pacer } = this.#deps;
    if (pacer.beginsBatch()) ledger.look();
    if (isSettled(job)) {
      ledger.enterSettled(job, owner);
      return;
    }
    if (!isBounded || !admission.isBounded) ledger.enter(job, owner);
    else if (!this.#findsRoom(job)) return;
    if (hasOptions(job)) this.#enterWithOptions(job);
    else if (orderOf(job) < 0) pacer.enqueueBefore(job);
    else pacer.enqueue(job);
  }

  /** Takes a job in that counts against `maxQueue`. False: it was refused. */
  #findsRoom(job: Job): boolean {
    const { ledger, owner, admission } = this.#deps;
    const isRefused = admission.isFullFor(job);
    ledger.enter(job, owner);
    admission.entered();
    return !isRefused || admission.makeRoomFor(job);
  }

  #enterWithOptions(job: Job): void {
    const { deferred, limits, pacer } = this.#deps;
    const isHeld = deferred.enter(job);
    if (!isHeld) pacer.insert(job);
    linkParents(job);
    if (!isSettled(job)) limits.entered(job);
    if (!isHeld) pacer.inserted(job); // last: it may begin now
  }

  #readContext(job: Job): void {
    const { context } = optionsOf(job);
    if (context !== undefined) setContext(job, readContext(context));
  }

  #checkOpen(job: Job): void {
    if (this.#shutdown.hasBegun) refuse(job);
    if (this.#isInWorker) refuseWhileLoading(job);
  }
}
