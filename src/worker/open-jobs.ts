import { RareMap } from '../base/rare-map.js';
import { type JobContext, openChildrenOf, seqOf } from './job-context.js';

/** Jobs that have begun and end later: their code has returned a promise, or their module is being loaded. */
export class OpenJobs {
  readonly #concurrency: number;
  readonly #suspended: (context: JobContext) => void;
  readonly #jobs = new RareMap<number, JobContext>();
  /** Number of open jobs that take a place: all but those that wait for children. */
  #placesTaken = 0;
  #isLoading = false;

  /** @param suspended called when an open job gives up its place, as it waits for children. */
  constructor(concurrency: number, suspended: (context: JobContext) => void) {
    this.#concurrency = concurrency;
    this.#suspended = suspended;
  }

  /**
   * Whether another job may begin. False while a module is loaded: a job that began then might block the thread and wait for
   * the job that needs the module.
   */
  get hasPlace(): boolean {
    return !this.#isLoading && this.#placesTaken < this.#concurrency;
  }

  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  has(context: JobContext): boolean {
    return this.#jobs.get(seqOf(context)) === context;
  }

  find(seq: number): JobContext | undefined {
    return this.#jobs.get(seq);
  }

  add(context: JobContext): void {
    this.#jobs.set(seqOf(context), context);
    this.#placesTaken++;
    if (openChildrenOf(context) > 0) this.#suspend(context);
  }

  /** Adds a job whose module is being loaded, until `loaded`. */
  addLoading(context: JobContext): void {
    this.#isLoading = true;
    this.add(context);
  }

  loaded(): void {
    this.#isLoading = false;
  }

  remove(context: JobContext): void {
    if (this.#jobs.delete(seqOf(context)) && openChildrenOf(context) === 0) this.#placesTaken--;
  }

  /** The job has its first open child, or no open child any more. */
  childrenChanged(context: JobContext): void {
    if (!this.has(context)) return;
    if (openChildrenOf(context) === 0) this.#placesTaken++;
    else this.#suspend(context);
  }

  #suspend(context: JobContext): void {
    this.#placesTaken--;
    this.#suspended(context);
  }
}
