import type { Job, JobOptions, ThreadPool } from 'thread-system';
import { tasks } from './tasks.ts';

const OPENED = 0;
const BEGUN = 1;

/** Holds workers busy until it is opened, so that a test decides when they get on. Opens at the latest when disposed. */
export class Gate implements Disposable {
  readonly words = new Int32Array(new SharedArrayBuffer(8));
  jobs: Job<number>[] = [];

  /** Resolves once `count` tasks have reached the gate. */
  async reachedBy(count: number): Promise<void> {
    await until(() => Atomics.load(this.words, BEGUN) >= count);
  }

  open(): void {
    Atomics.store(this.words, OPENED, 1);
    Atomics.notify(this.words, OPENED);
  }

  [Symbol.dispose](): void {
    this.open();
  }
}

/** Resolves once `condition` holds: looked at in every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Makes `count` workers of the pool busy; they are free again when the gate opens. */
export async function occupy(pool: ThreadPool, count = 1, options: JobOptions = {}): Promise<Gate> {
  const gate = new Gate();
  gate.jobs = Array.from({ length: count }, () => pool.submit(tasks.hold, [gate.words], options));
  await gate.reachedBy(count);
  return gate;
}

/** The same by an async job, which leaves the worker's event loop free. */
export async function occupyAsync(pool: ThreadPool): Promise<Gate> {
  const gate = new Gate();
  gate.jobs = [pool.submit(tasks.holdAsync, [gate.words])];
  await gate.reachedBy(1);
  return gate;
}
