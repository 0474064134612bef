/** A task, as the way to a worker knows it. */
export interface InFlightJobTask {
  readonly id: number;
  /** How a worker finds its code. */
  readonly origin: object;
}

/** What jobs share that are alike. */
export interface InFlightJobKind {
  readonly task: InFlightJobTask;
  readonly priority: number;
  readonly urgency: number;
}

/** What a worker is told of a job where it is not as with most. */
export interface InFlightJobOverrides {
  readonly attempt?: number | undefined;
  readonly name?: string | undefined;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A job, as it is queued, sent and answered. All that is done with it is done by the functions below: as properties they
 * would be anybody's who holds the job.
 */
export interface InFlightJob {
  readonly id: number;
}

/** What a class of jobs in flight lets this module do with its own. */
export interface InFlightJobAccess<J extends InFlightJob> {
  isInFlightJob(value: unknown): boolean;
  idOf(job: J): number;
  kindOf(job: J): InFlightJobKind;
  argsOf(job: J): readonly unknown[];
  /** Whether it has neither overrides, nor a transfer list, nor a time limit. */
  isPlain(job: J): boolean;
  overridesOf(job: J): InFlightJobOverrides | undefined;
  transferOf(job: J): readonly unknown[] | undefined;
  timeoutMsOf(job: J): number | undefined;
  /** Place among jobs as urgent. */
  orderOf(job: J): number;
  /** What it is with: a level of the queue, a worker, or past a run. */
  placeOf(job: J): object | undefined;
  setPlace(job: J, place: object | undefined): void;
  /** Its number there. */
  seqOf(job: J): number;
  setSeq(job: J, seq: number): void;
}

// Each by itself rather than in one object: a call of each is as fast as a method then.
export let isInFlightJob: InFlightJobAccess<InFlightJob>['isInFlightJob'];
export let idOf: InFlightJobAccess<InFlightJob>['idOf'];
export let kindOf: InFlightJobAccess<InFlightJob>['kindOf'];
export let argsOf: InFlightJobAccess<InFlightJob>['argsOf'];
export let isPlain: InFlightJobAccess<InFlightJob>['isPlain'];
export let overridesOf: InFlightJobAccess<InFlightJob>['overridesOf'];
export let transferOf: InFlightJobAccess<InFlightJob>['transferOf'];
export let timeoutMsOf: InFlightJobAccess<InFlightJob>['timeoutMsOf'];
export let orderOf: InFlightJobAccess<InFlightJob>['orderOf'];
export let placeOf: InFlightJobAccess<InFlightJob>['placeOf'];
export let setPlace: InFlightJobAccess<InFlightJob>['setPlace'];
export let seqOf: InFlightJobAccess<InFlightJob>['seqOf'];
export let setSeq: InFlightJobAccess<InFlightJob>['setSeq'];

/** To be called once in a program, by the class of its jobs in flight: `Job`, or in a child process what stands for one. */
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
    orderOf,
    placeOf,
    setPlace,
    seqOf,
    setSeq,
  } = access as unknown as InFlightJobAccess<InFlightJob>);
}
