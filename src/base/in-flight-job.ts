/** A task, as the way to a worker knows it. */
export interface PassengerTask {
  readonly id: number;
  /** How a worker finds its code. */
  readonly origin: object;
}

/** What jobs share that are alike. */
export interface PassengerKind {
  readonly task: PassengerTask;
  readonly priority: number;
  readonly urgency: number;
}

/** What a worker is told of a job where it is not as with most. */
export interface PassengerAside {
  readonly attempt?: number | undefined;
  readonly name?: string | undefined;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A job, as it is queued, sent and answered. All that is done with it is done by the functions below: as properties they
 * would be anybody's who holds the job.
 */
export interface Passenger {
  readonly id: number;
}

/** What a class of passengers lets this module do with its own. */
export interface PassengerAccess<J extends Passenger> {
  isPassenger(value: unknown): boolean;
  idOf(job: J): number;
  kindOf(job: J): PassengerKind;
  argsOf(job: J): readonly unknown[];
  /** Whether it has neither an aside, nor a transfer list, nor a time limit. */
  isPlain(job: J): boolean;
  asideOf(job: J): PassengerAside | undefined;
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
export let isPassenger: PassengerAccess<Passenger>['isPassenger'];
export let idOf: PassengerAccess<Passenger>['idOf'];
export let kindOf: PassengerAccess<Passenger>['kindOf'];
export let argsOf: PassengerAccess<Passenger>['argsOf'];
export let isPlain: PassengerAccess<Passenger>['isPlain'];
export let asideOf: PassengerAccess<Passenger>['asideOf'];
export let transferOf: PassengerAccess<Passenger>['transferOf'];
export let timeoutMsOf: PassengerAccess<Passenger>['timeoutMsOf'];
export let orderOf: PassengerAccess<Passenger>['orderOf'];
export let placeOf: PassengerAccess<Passenger>['placeOf'];
export let setPlace: PassengerAccess<Passenger>['setPlace'];
export let seqOf: PassengerAccess<Passenger>['seqOf'];
export let setSeq: PassengerAccess<Passenger>['setSeq'];

/** To be called once in a program, by the class of its passengers: `Job`, or in a child process what stands for one. */
export function giveAccess<J extends Passenger>(access: PassengerAccess<J>): void {
  ({
    isPassenger,
    idOf,
    kindOf,
    argsOf,
    isPlain,
    asideOf,
    transferOf,
    timeoutMsOf,
    orderOf,
    placeOf,
    setPlace,
    seqOf,
    setSeq,
  } = access as unknown as PassengerAccess<Passenger>);
}
