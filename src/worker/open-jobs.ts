import { RareMap } from '../base/maps/rare-map.js';
import { type JobContext, openChildrenOf, seqOf } from './job-context.js';
import type { ResultSender } from './results/result-sender.js';

/** What uses the place that an open job gives up. */
export interface PlaceTaker {
  /** Takes jobs in the next turn of the event loop. */
  turnSoon(): void;
}

/** Jobs that have begun and end later: their code has returned a promise, or their module is being loaded. */
export class OpenJobs {
  readonly #concurrency: number;
  readonly #results: ResultSender;
  #loop: PlaceTaker | undefined;
  readonly #jobs = new RareMap<number, JobContext>();
  /** Number of open jobs that take a place: all but those that wait for children. */
  #placesTaken = 0;
  #isLoading = false;

  constructor(concurrency: number, results: ResultSender) {
    this.#concurrency = concurrency;
    this.#results = results;
  }

  /** Connects the loop, which is made after this. Called once, before the first job. */
  reportTo(loop: PlaceTaker): void {
    this.#loop = loop;
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

  /** The job gives up its place while it waits for children. Its code is on the stack. */
  #suspend(context: JobContext): void {
    this.#placesTaken--;
    this.#results.suspended(context);
    this.#loop?.turnSoon();
  }
}
