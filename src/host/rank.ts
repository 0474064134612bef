import { type InFlightJob, type InFlightJobKind, kindOf, orderOf } from '../base/in-flight-job.js';

/** A position in the order of jobs: before all less urgent jobs, and before equally urgent ones with a higher `order` (I4). */
export interface Rank {
  readonly urgency: number;
  readonly order: number;
}

export function rankOf(job: InFlightJob): Rank {
  return { urgency: kindOf(job).urgency, order: orderOf(job) };
}

export function ranksBefore(a: Rank, b: Rank): boolean {
  return a.urgency > b.urgency || (a.urgency === b.urgency && a.order < b.order);
}

/** Whether a job precedes another that is not its equal: its priority is higher, or it was sent to the front. */
export function outranks(a: InFlightJob, b: InFlightJob): boolean {
  return outranksOne(a, kindOf(b), orderOf(b));
}

/** Whether a job outranks one of that kind and order. */
export function outranksOne(a: InFlightJob, kind: InFlightJobKind, order: number): boolean {
  const { priority, urgency } = kindOf(a);
  if (priority !== kind.priority) return urgency > kind.urgency;
  return orderOf(a) < 0 && ranksBefore(rankOf(a), { urgency: kind.urgency, order });
}
