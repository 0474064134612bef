import type { TaskDefinition } from '../contract/task-definition.js';

/** Argument list of a call without arguments. */
export const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** More than any run takes; a small integer. */
const MOST = 2 ** 29;

/** A task's identity within this process. A worker gets its origin once, and knows it by `id` from then on. */
export class TaskRef {
  static #nextId = 0;
  readonly id: number = TaskRef.#nextId++;
  readonly origin: TaskDefinition;
  /** Arguments that follow those of each call, and are sent to a worker once. */
  readonly commonArgs: readonly unknown[] | undefined;
  /** Estimated run time from past runs; -1 before the first. Written by the dispatcher. */
  estimate = -1;
  /** The shortest of the last runs, if the estimate is not as short. Written by the dispatcher. */
  shortest = MOST;
  /** The kinds of the task's jobs, by priority: see `JobKind`. */
  readonly kinds: object[] = [];
  /** Whether the last run was far longer than the estimate, which changes only if the next run is, too. */
  isSuspect = false;
  /** With `each`: how many items fit into a job, according to the last map. Written by `ChunkSize`. */
  fitting = 1;
  #each: TaskRef | undefined;

  constructor(origin: TaskDefinition, commonArgs?: readonly unknown[]) {
    this.origin = origin;
    this.commonArgs = commonArgs;
  }

  /** The same task, called for each item of a list. */
  get each(): TaskRef {
    this.#each ??= new TaskRef({ ...this.origin, each: true });
    return this.#each;
  }

  /** The same task with arguments that follow those of each call. Workers keep them until nothing refers to this identity. */
  withArgs(commonArgs: readonly unknown[]): TaskRef {
    const ref = new TaskRef(this.origin, commonArgs);
    ref.estimate = this.estimate;
    ref.shortest = this.shortest;
    return ref;
  }

  /** The name of the export or function. */
  get name(): string {
    return this.origin.name;
  }
}
