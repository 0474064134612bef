/** The arguments of a call without any. */
export const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** How a worker finds a task's code. With `each` the task is called for each item of a list. */
export type TaskOrigin =
  | { readonly kind: 'module'; readonly url: string; readonly name: string; readonly each: boolean }
  | { readonly kind: 'inline'; readonly text: string; readonly name: string; readonly each: boolean };

/** A task's identity within this process; a worker is told its origin once and knows it by `id` from then on. */
export class TaskRef {
  static #nextId = 0;
  readonly id: number = TaskRef.#nextId++;
  readonly origin: TaskOrigin;
  /** How long it runs, as far as runs have shown; -1 before the first. Kept by the dispatcher. */
  estimate = -1;
  /** What its jobs share, by priority: see `JobKind`. */
  readonly kinds: object[] = [];
  /** The last run was far longer than that: a second such run in a row is believed. */
  isSuspect = false;
  /** Called for each item of a list: how many items fit into a job, as far as the last map has shown. Kept by maps. */
  fitting = 1;
  #each: TaskRef | undefined;

  constructor(origin: TaskOrigin) {
    this.origin = origin;
  }

  /** The same task, called for each item of a list. */
  get each(): TaskRef {
    this.#each ??= new TaskRef({ ...this.origin, each: true });
    return this.#each;
  }

  /** The export's name, or the function's. */
  get name(): string {
    return this.origin.name;
  }
}
