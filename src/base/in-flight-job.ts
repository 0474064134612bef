import type { ContextValues } from './context-stores.js';

/** A task, as the code that sends jobs sees it. */
export interface InFlightJobTask {
  readonly id: number;
  /** How a worker finds the task's code. */
  readonly origin: object;
  /** Arguments that follow those of each call, sent to a worker once, with the origin. */
  readonly commonArgs?: readonly unknown[] | undefined;
}

/** The state shared by similar jobs. */
export interface InFlightJobKind {
  readonly task: InFlightJobTask;
  readonly priority: number;
  readonly urgency: number;
}

/** Fields sent with a job only if they differ from the defaults. */
export interface InFlightJobOverrides {
  /** Number of the attempt, if not the first: 2 or more. */
  readonly attempt?: number | undefined;
  readonly name?: string | undefined;
  /** The context values that the job's code sees. */
  readonly context?: ContextValues | undefined;
  /** The id that the job's code sees, if the job runs on behalf of another system. */
  readonly id?: string | undefined;
}

/** A message for a job's code. */
export interface Mail {
  readonly message: unknown;
  /** Objects in the message that are moved, not copied. */
  readonly transfer: readonly unknown[];
}

/**
 * A job, as it is queued, sent and answered. The functions below are its interface: as methods they could be called by
 * any user code that has the job.
 */
export interface InFlightJob {
  readonly id: number;
}

/** The operations that a class of jobs gives to this module. */
export interface InFlightJobAccess<J extends InFlightJob> {
  isInFlightJob(value: unknown): boolean;
  idOf(job: J): number;
  kindOf(job: J): InFlightJobKind;
  argsOf(job: J): readonly unknown[];
  /** Whether the job has neither overrides, nor a transfer list, nor a time limit. */
  isPlain(job: J): boolean;
  overridesOf(job: J): InFlightJobOverrides | undefined;
  transferOf(job: J): readonly unknown[] | undefined;
  timeoutMsOf(job: J): number | undefined;
  /** Messages for the job's code that are sent with the job. */
  mailOf(job: J): readonly Mail[] | undefined;
  /** The job's position among equally urgent ones. */
  orderOf(job: J): number;
  /** What has the job now: a level of the queue, or a worker; after a run, the record of the run. */
  ownerOf(job: J): object | undefined;
  setOwner(job: J, owner: object | undefined): void;
  /** The number by which the owner knows the job. */
  seqOf(job: J): number;
  setSeq(job: J, seq: number): void;
}

// Separate bindings rather than one object, so that a call is as fast as that of a method.
export let isInFlightJob: InFlightJobAccess<InFlightJob>['isInFlightJob'];
export let idOf: InFlightJobAccess<InFlightJob>['idOf'];
export let kindOf: InFlightJobAccess<InFlightJob>['kindOf'];
export let argsOf: InFlightJobAccess<InFlightJob>['argsOf'];
export let isPlain: InFlightJobAccess<InFlightJob>['isPlain'];
export let overridesOf: InFlightJobAccess<InFlightJob>['overridesOf'];
export let transferOf: InFlightJobAccess<InFlightJob>['transferOf'];
export let timeoutMsOf: InFlightJobAccess<InFlightJob>['timeoutMsOf'];
export let mailOf: InFlightJobAccess<InFlightJob>['mailOf'];
export let orderOf: InFlightJobAccess<InFlightJob>['orderOf'];
export let ownerOf: InFlightJobAccess<InFlightJob>['ownerOf'];
export let setOwner: InFlightJobAccess<InFlightJob>['setOwner'];
export let seqOf: InFlightJobAccess<InFlightJob>['seqOf'];
export let setSeq: InFlightJobAccess<InFlightJob>['setSeq'];

/** Called once, by the class of the program's jobs in flight: `Job`, or its counterpart in a child process. */
export function giveAccess<J extends InFlightJob>(access: InFlightJobAccess<J>): void {
  ({
    isInFlightJob,
    idOf,
    kindOf,
    argsOf,
    isPlain,
    overridesOf,
    transferOf,
    timeoutMsOf,
    mailOf,
    orderOf,
    ownerOf,
    setOwner,
    seqOf,
    setSeq,
  } = access as unknown as InFlightJobAccess<InFlightJob>);
}
