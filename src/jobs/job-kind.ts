import type { SettledState } from './job-state.js';
import type { TaskRef } from './task-ref.js';

/** Highest priority, from 0, whose kinds are shared. The others are rare, and each job gets its own kind. */
const LAST_SHARED = 7;

/**
 * A clearable reference from kinds to their pool. A task outlives its pools and keeps the kind it was last called with,
 * so a pool that has ended or is idle clears its reference to be collectable.
 */
export class OwnerRef<O> {
  owner: O | undefined;
}

/**
 * The state shared by jobs with the same task, priority, pool, handicap and outcome (the Flyweight of Gamma et al.):
 * one field of a job instead of five, as the garbage collector copies a million kept jobs field by field.
 */
export class JobKind<O> {
  readonly task: TaskRef;
  readonly priority: number;
  /** The pool; `undefined` before the job is submitted. */
  readonly ownerRef: OwnerRef<O> | undefined;
  /** How far the job stands behind the first ones of its priority, as it came later; 0 if waiting jobs do not age. */
  readonly handicap: number;
  /** The key that orders the jobs of a pool, in the queue and among those sent ahead: higher runs first. */
  readonly urgency: number;
  /** `undefined` until the jobs have settled. */
  readonly settledAs: SettledState | undefined;
  /** This kind with the owner and handicap last asked for. */
  #owned: JobKind<O> | undefined;
  /** This kind for settled jobs, by state; that of completed jobs, the most common, also in a field. */
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

  /** Returns the kind of a job that has no owner yet. */
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
