import type { TaskRef } from './task.js';

/** Priorities from 0 to this share their kinds; others, being rare, each get their own. */
const LAST_SHARED = 7;

/** A pool, as kinds see it. */
export interface KindOwner {
  /** Is told of each kind that keeps it, to call its `disown` when the time has come. */
  owns(kind: { disown(owner: KindOwner): void }): void;
}

/**
 * What jobs share that call the same task at the same priority in the same pool (the Flyweight of Gamma et al.): one
 * field of a job instead of three, as a million kept jobs are copied by the garbage collector, field by field.
 */
export class JobKind<O extends KindOwner> {
  readonly task: TaskRef;
  readonly priority: number;
  /** The pool; `undefined` before the job is submitted. */
  readonly owner: O | undefined;
  /** The same, with the owner it was last given. */
  #owned: JobKind<O> | undefined;

  private constructor(task: TaskRef, priority: number, owner: O | undefined) {
    this.task = task;
    this.priority = priority;
    this.owner = owner;
  }

  /** The kind of a job that has no owner yet. */
  static of<O extends KindOwner>(task: TaskRef, priority: number): JobKind<O> {
    const known = task.kinds[priority] as JobKind<O> | undefined;
    if (known !== undefined) return known;
    const kind = new JobKind<O>(task, priority, undefined);
    if (Number.isInteger(priority) && priority >= 0 && priority <= LAST_SHARED) task.kinds[priority] = kind;
    return kind;
  }

  ownedBy(owner: O): JobKind<O> {
    if (this.#owned?.owner === owner) return this.#owned;
    this.#owned = new JobKind(this.task, this.priority, owner);
    owner.owns(this);
    return this.#owned;
  }

  /** Keeps that owner no longer: a task may outlive many pools. */
  disown(owner: O): void {
    if (this.#owned?.owner === owner) this.#owned = undefined;
  }

  withPriority(priority: number): JobKind<O> {
    const kind = JobKind.of<O>(this.task, priority);
    return this.owner === undefined ? kind : kind.ownedBy(this.owner);
  }
}
