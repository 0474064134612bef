import { isOpen, type JobContext, seqOf } from './job-context.js';
import type { JobScopes } from './job-scopes.js';
import type { KnownTask } from './tasks/known-task.js';

/**
 * Which job's code is on the stack, for all parts that need to know. Written by `JobRunner` for each job, so its fields are
 * plain ones.
 */
export class RunningJob {
  readonly #scopes: JobScopes;
  /** The task whose code is on the stack; `undefined` if none is. The next two describe its job. */
  task: KnownTask | undefined;
  /** Sequence number of the job in the worker's lane. */
  seq = 0;
  /** The job's context. Created once something asks for it: most jobs end before. */
  context: JobContext | undefined;
  /** Whether a module of tasks is being loaded. */
  isLoading = false;

  constructor(scopes: JobScopes) {
    this.#scopes = scopes;
  }

  /** Whether code of tasks is on the stack: a job's, or a module that is being loaded. */
  get isInCode(): boolean {
    return this.task !== undefined || this.isLoading;
  }

  /** Whether the code of the job with that sequence number is on the stack. */
  is(seq: number): boolean {
    return this.task !== undefined && this.seq === seq;
  }

  /** The sequence number of the job whose code runs now, on the stack or continued by the event loop. */
  get currentSeq(): number | undefined {
    if (this.task !== undefined) return this.seq;
    const context = this.#scopes.current();
    return context !== undefined && isOpen(context) ? seqOf(context) : undefined;
  }
}
