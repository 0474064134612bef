/** Weight of the last run in the estimate. */
const WEIGHT = 0.2;
/** How many tasks are remembered. */
const MAX_TASKS = 256;

/** Estimated run times of tasks, learnt from the notices of hosts. */
export class RunTimes {
  readonly #byTask = new Map<string, number>();

  /** Returns the estimate in ms; `undefined` if no job of the task has run. */
  of(task: string): number | undefined {
    return this.#byTask.get(task);
  }

  learn(task: string, ms: number): void {
    const known = this.#byTask.get(task);
    if (known === undefined && this.#byTask.size >= MAX_TASKS) return;
    this.#byTask.set(task, known === undefined ? ms : known + WEIGHT * (ms - known));
  }
}
