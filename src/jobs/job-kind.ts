import type { SettledState } from './job-state.js';
import type { TaskRef } from './task-ref.js';

/** Highest priority, from 0, whose kinds are shared. The others are rare, and each job gets its own kind. */
const LAST_SHARED = 7;

/**
 * A clearable reference from kinds to their pool. A task outlives its pools and keeps the kind it was last called with,
 * so a pool that has ended or is idle clears its reference to be collectable.
 */
export class PoolRef<P> {
  pool: P | undefined;
}

/**
 * The state shared by jobs with the same task, priority, pool, handicap and outcome (the Flyweight of Gamma et al.):
 * one field of a job instead of five, as the garbage collector copies a million kept jobs field by field.
 */
export class JobKind<P> {
  readonly task: TaskRef;
  readonly priority: number;
  /** The pool; `undefined` before the job is submitted. */
  readonly poolRef: PoolRef<P> | undefined;
  /** How much lower the urgency is than the priority, as the job came later; 0 if waiting jobs do not age. */
  readonly handicap: number;
  /** The key that orders the jobs of a pool, in the queue and among those sent ahead: higher runs first. */
  readonly urgency: number;
  /** `undefined` until the jobs have settled. */
  readonly settledAs: SettledState | undefined;
  /** This kind with the pool and handicap last asked for. */
  #ofPool: JobKind<P> | undefined;
  /** This kind for settled jobs, by state; that of completed jobs, the most common, also in a field. */
  #settled: Map<SettledState, JobKind<P>> | undefined;
  #completed: JobKind<P> | undefined;

  private constructor(
    task: TaskRef,
    priority: number,
    poolRef: PoolRef<P> | undefined,
    handicap: number,
    settledAs: SettledState | undefined,
  ) {
    this.task = task;
    this.priority = priority;
    this.poolRef = poolRef;
    this.handicap = handicap;
    this.urgency = priority - handicap;
    this.settledAs = settledAs;
  }

  /** Returns the kind of a job that has no pool yet. */
  static of<P>(task: TaskRef, priority: number): JobKind<P> {
    return (task.kinds[priority] as JobKind<P> | undefined) ?? JobKind.make(task, priority);
  }

  private static make<P>(task: TaskRef, priority: number): JobKind<P> {
    const kind = new JobKind<P>(task, priority, undefined, 0, undefined);
    if (Number.isInteger(priority) && priority >= 0 && priority <= LAST_SHARED) task.kinds[priority] = kind;
    return kind;
  }

  ofPool(poolRef: PoolRef<P>, handicap: number): JobKind<P> {
    const known = this.#ofPool;
    return known !== undefined && known.poolRef === poolRef && known.handicap === handicap
      ? known
      : this.#makeOfPool(poolRef, handicap);
  }

  #makeOfPool(poolRef: PoolRef<P>, handicap: number): JobKind<P> {
    const kind = new JobKind(this.task, this.priority, poolRef, handicap, this.settledAs);
    this.#ofPool = kind;
    return kind;
  }

  settled(state: SettledState): JobKind<P> {
    return state === 'COMPLETED' && this.#completed !== undefined ? this.#completed : this.#findSettled(state);
  }

  #findSettled(state: SettledState): JobKind<P> {
    this.#settled ??= new Map();
    let kind = this.#settled.get(state);
    if (kind === undefined) {
      kind = new JobKind(this.task, this.priority, this.poolRef, this.handicap, state);
      this.#settled.set(state, kind);
    }
    if (state === 'COMPLETED') this.#completed = kind;
    return kind;
  }

  get pool(): P | undefined {
    return this.poolRef?.pool;
  }

  withPriority(priority: number): JobKind<P> {
    const kind = JobKind.of<P>(this.task, priority);
    return this.poolRef === undefined ? kind : kind.ofPool(this.poolRef, this.handicap);
  }

  withHandicap(handicap: number): JobKind<P> {
    const kind = JobKind.of<P>(this.task, this.priority);
    return this.poolRef === undefined ? kind : kind.ofPool(this.poolRef, handicap);
  }
}
