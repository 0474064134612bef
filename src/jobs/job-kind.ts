import type { SettledState } from './job-state.js';
import type { TaskRef } from './task-ref.js';

/** Priorities from 0 to this share their kinds; others, being rare, each get their own. */
const LAST_SHARED = 7;

/**
 * A pool, as kinds hold it: a task may outlive many pools, and keeps what it was called by last. So a pool that has ended, or
 * has nothing to do, is taken out of its own.
 */
export class OwnerRef<O> {
  owner: O | undefined;
}

/**
 * What jobs share that call the same task at the same priority in the same pool, came at the same time as far as that
 * counts there, and have ended alike (the Flyweight of Gamma et al.): one field of a job instead of five, as a million kept
 * jobs are copied by the garbage collector, field by field.
 */
export class JobKind<O> {
  readonly task: TaskRef;
  readonly priority: number;
  /** The pool; `undefined` before the job is submitted. */
  readonly ownerRef: OwnerRef<O> | undefined;
  /** By how much it comes after those of its priority that came before all: 0 where waiting jobs do not age. */
  readonly handicap: number;
  /** By this the jobs of a pool are in order, those in the queue and those sent ahead. */
  readonly urgency: number;
  /** `undefined` until they have. */
  readonly settledAs: SettledState | undefined;
  /** The same, with the owner and the handicap it was last given. */
  #owned: JobKind<O> | undefined;
  /** The same, of jobs that have settled; and apart, as most do, of those that have completed. */
  #settled: Map<SettledState, JobKind<O>> | undefined;
  #completed: JobKind<O> | undefined;

  private constructor(
    task: TaskRef,
    priority: number,
    ownerRef: OwnerRef<O> | undefined,
    handicap: number,
    settledAs: SettledState | undefined,
  ) {
    this.task = task;
    this.priority = priority;
    this.ownerRef = ownerRef;
    this.handicap = handicap;
    this.urgency = priority - handicap;
    this.settledAs = settledAs;
  }

  /** The kind of a job that has no owner yet. */
  static of<O>(task: TaskRef, priority: number): JobKind<O> {
    return (task.kinds[priority] as JobKind<O> | undefined) ?? JobKind.make(task, priority);
  }

  private static make<O>(task: TaskRef, priority: number): JobKind<O> {
    const kind = new JobKind<O>(task, priority, undefined, 0, undefined);
    if (Number.isInteger(priority) && priority >= 0 && priority <= LAST_SHARED) task.kinds[priority] = kind;
    return kind;
  }

  ownedBy(ownerRef: OwnerRef<O>, handicap: number): JobKind<O> {
    const known = this.#owned;
    return known !== undefined && known.ownerRef === ownerRef && known.handicap === handicap
      ? known
      : this.#makeOwned(ownerRef, handicap);
  }

  #makeOwned(ownerRef: OwnerRef<O>, handicap: number): JobKind<O> {
    const kind = new JobKind(this.task, this.priority, ownerRef, handicap, this.settledAs);
    this.#owned = kind;
    return kind;
  }

  settled(state: SettledState): JobKind<O> {
    return state === 'COMPLETED' && this.#completed !== undefined ? this.#completed : this.#findSettled(state);
  }

  #findSettled(state: SettledState): JobKind<O> {
    this.#settled ??= new Map();
    let kind = this.#settled.get(state);
    if (kind === undefined) {
      kind = new JobKind(this.task, this.priority, this.ownerRef, this.handicap, state);
      this.#settled.set(state, kind);
    }
    if (state === 'COMPLETED') this.#completed = kind;
    return kind;
  }

  get owner(): O | undefined {
    return this.ownerRef?.owner;
  }

  withPriority(priority: number): JobKind<O> {
    const kind = JobKind.of<O>(this.task, priority);
    return this.ownerRef === undefined ? kind : kind.ownedBy(this.ownerRef, this.handicap);
  }

  withHandicap(handicap: number): JobKind<O> {
    const kind = JobKind.of<O>(this.task, this.priority);
    return this.ownerRef === undefined ? kind : kind.ownedBy(this.ownerRef, handicap);
  }
}
