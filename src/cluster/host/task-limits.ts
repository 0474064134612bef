import type { KnownHostTask } from './host-tasks.js';

/** Enforces the `concurrency` of tasks: how many jobs of each a host runs at once. */
export class TaskLimits {
  readonly #running = new Map<KnownHostTask, number>();
  readonly #waiting = new Map<KnownHostTask, Set<() => void>>();

  /** Takes a place for a job of the task. Returns false if there is none. */
  tryEnter(task: KnownHostTask): boolean {
    if (task.concurrency === Number.POSITIVE_INFINITY) return true;
    const running = this.#running.get(task) ?? 0;
    if (running >= task.concurrency) return false;
    this.#running.set(task, running + 1);
    return true;
  }

  /** Calls `fn` once, when a place may be free. Returns a function that prevents the call. */
  onceFree(task: KnownHostTask, fn: () => void): () => void {
    let waiting = this.#waiting.get(task);
    if (waiting === undefined) {
      waiting = new Set();
      this.#waiting.set(task, waiting);
    }
    waiting.add(fn);
    return () => waiting.delete(fn);
  }

  leave(task: KnownHostTask): void {
    if (task.concurrency === Number.POSITIVE_INFINITY) return;
    this.#running.set(task, (this.#running.get(task) ?? 1) - 1);
    const waiting = this.#waiting.get(task);
    const [next] = waiting ?? [];
    if (next === undefined) return;
    waiting?.delete(next);
    next();
  }
}
