import type { InFlightJob } from '../base/in-flight-job.js';
import type { ChildSubmission } from '../contract/child-submission.js';
import type { Collection, CollectionStep } from '../contract/collections.js';
import type { FunctionCall } from '../contract/pool-functions.js';
import type { Printed } from '../contract/printed.js';
import type { StoppedEnd, Thrown } from './result-lane.js';
import type { ThreadExit } from './thread-exit.js';

/** Receives what a worker `W` reports about the jobs it was sent. */
export interface JobSink<J extends InFlightJob, W> {
  jobStarted(worker: W, job: J): void;
  jobFailedToStart(job: J, thrown: Thrown): void;
  jobReported(job: J, value: unknown): void;
  jobReturned(worker: W, job: J, value: unknown): void;
  jobThrew(worker: W, job: J, thrown: Thrown): void;
  jobStopped(worker: W, job: J, end: StoppedEnd): void;
}

/** What happens to a worker `W`. All of these are called from the event loop. */
export interface WorkerEvents<J extends InFlightJob, W> {
  workerReady(worker: W): void;
  /** A ready worker has run its hooks and takes jobs again. */
  hooksEnded(worker: W): void;
  /** Some worker's lane has results. */
  workerRang(): void;
  workerExited(worker: W, exit: ThreadExit): void;
  ownTokenCancelled(job: J, reason: unknown): void;
  /** A job's code submits a child. */
  childSubmitted(worker: W, parent: J, child: ChildSubmission): void;
  /** A job's code calls a function of the pool. */
  functionCalled(worker: W, job: J, call: FunctionCall): void;
  /** The heap of the worker's thread has grown above its limit. */
  heapFull(worker: W): void;
  /** The worker's thread has collected garbage. `done`: the step of the watch that has been done. */
  collected(worker: W, collections: readonly Collection[], done?: CollectionStep): void;
  /** A job's code has read a message that the pool keeps until then. */
  messageRead(job: J): void;
  /** The thread blocks to wait for another thread. `job`: the job whose code blocks it, if known. */
  workerBlocked(worker: W, job: J | undefined): void;
  /** A job's code awaits something while it has children. */
  parentSuspended(worker: W, parent: J): void;
  /** A job's code cancels a child. */
  childCancelled(worker: W, child: number, reason: unknown): void;
  /** A job's code cancelled a token that this thread shares. `spread` cancels everything that depends on the token. */
  sharedCancelled(by: J | undefined, spread: () => void): void;
  lateError(error: Error, jobId: number | string | undefined): void;
  /** Code of the thread has written to stdout or stderr. */
  printed(worker: W, printed: readonly Printed[]): void;
}
