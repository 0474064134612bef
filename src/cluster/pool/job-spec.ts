import type { JobsOptions } from 'bullmq';
import type { ContextValues } from '../../base/context-stores.js';
import { argsOf } from '../../base/in-flight-job.js';
import { kindOf, optionsOf } from '../../jobs/job-access.js';
import { contextOf, taskOf } from '../../jobs/job-engine.js';
import type { RetryOptions } from '../../jobs/retry-policy.js';
import { FORMAT, type JobData, type JobDetails, OWN_BACKOFF } from '../codec/job-data.js';
import { fromBullPriority, toBullPriority } from '../codec/priority.js';
import { carrierIn } from '../codec/trace-carrier.js';
import { type Encoded, encodeValue, type Measured } from '../codec/value-codec.js';
import type { FlowPlace, Submission } from './submission.js';

/** BullMQ's number of attempts for `maxAttempts: Infinity`. */
const MAX_ATTEMPTS = 2 ** 31;

/** What is added to BullMQ's queue for a job. */
export interface JobSpec {
  readonly name: string;
  readonly data: JobData;
  readonly opts: JobsOptions;
  /** The encoded arguments, as JSON, if they are stored under a key of their own. */
  readonly blob?: string;
  /** Jobs of a flow that must complete first. */
  readonly children?: readonly JobSpec[];
}

/** The call that is described. */
export interface SpecifiedCall extends Pick<Submission, 'job' | 'id' | 'delayMs' | 'attemptsBefore'> {
  readonly flow?: FlowPlace | undefined;
  /** Whether it stands for a batch, whose calls have contexts of their own. */
  readonly isBatch?: boolean;
}

export interface SpecSettings {
  /** The submitter to which outcomes are sent, if any. */
  readonly submitter: string | undefined;
  readonly maxInline: number;
  readonly maxPayload: number;
  /** In seconds, like the next. */
  readonly keepResults: number;
  readonly keepFailures: number;
  /** How far the clock of Redis is ahead of this one, in ms. */
  readonly clockOffsetMs: number;
}

/**
 * Describes a job to BullMQ.
 *
 * @throws {NotCloneableError | PayloadTooLargeError} if its arguments or its context cannot be sent.
 */
export function specOf(
  call: SpecifiedCall,
  settings: SpecSettings,
  measured: Measured = encodeValue(argsOf(call.job), 'args', settings.maxPayload),
): JobSpec {
  const { job, id, delayMs, attemptsBefore } = call;
  const { encoded, bytes } = measured;
  const isLarge = bytes > settings.maxInline;
  const options = optionsOf(job);
  const context = call.isBatch === true ? undefined : contextOf(job);
  const details = detailsOf(call, settings, context);
  const { retry, key } = options;
  const carrier = context && carrierIn(context);
  const opts: JobsOptions = {
    jobId: id,
    priority: toBullPriority(job.priority),
    removeOnComplete: { age: settings.keepResults },
    removeOnFail: { age: settings.keepFailures },
    ...(delayMs > 0 && { delay: Math.ceil(delayMs) }),
    ...(retry !== undefined && {
      attempts: attemptsLeft(retry, attemptsBefore),
      backoff: backoffOf(retry, attemptsBefore),
    }),
    ...(key !== undefined && { deduplication: { id: key as string } }),
    ...(carrier !== undefined && { telemetry: { metadata: carrier } }),
  };
  const a = isLarge ? ({ r: 1 } as const) : encoded;
  const { submitter: s } = settings;
  const data: JobData = { ts: FORMAT, ...(s !== undefined && { s }), a, ...(details !== undefined && { o: details }) };
  const { name } = taskOf(job);
  return isLarge ? { name, data, opts, blob: JSON.stringify(encoded) } : { name, data, opts };
}

/**
 * Describes a batch to BullMQ.
 *
 * @param first one of its members: in all but the arguments they are alike.
 * @param batch.calls the lists of arguments.
 * @param batch.headers those of each call's trace; `undefined` for a call in none.
 */
export function batchSpecOf(
  id: string,
  { job, delayMs, attemptsBefore }: SpecifiedCall,
  batch: {
    readonly calls: readonly Encoded[];
    readonly headers: readonly (string | undefined)[];
    readonly settings: SpecSettings;
  },
): JobSpec {
  const { calls, headers, settings } = batch;
  const { name, data, opts } = specOf({ job, id, delayMs, attemptsBefore, isBatch: true }, settings, NO_ARGS);
  const areTraced = headers.some((each) => each !== undefined);
  const h = areTraced ? { h: headers.map((each) => each ?? null) } : {};
  return { name, data: { ...data, a: calls, n: calls.length, ...h }, opts };
}

/** Describes a flow to BullMQ: its last job, with those before it. @throws as `specOf`. */
export function flowSpecOf({ members }: FlowPlace, settings: SpecSettings): JobSpec {
  const specs = new Map<Submission, JobSpec>();
  let last: JobSpec | undefined;
  for (const member of members) {
    const { flow } = member;
    const spec = specOf(member, settings, flow?.measured);
    const children = (flow?.before ?? []).map((other) => specs.get(other) as JobSpec);
    const isLast = member === members.at(-1);
    last = { ...spec, opts: isLast ? spec.opts : { ...spec.opts, failParentOnFailure: true }, children };
    specs.set(member, last);
  }
  return last as JobSpec;
}

const NO_ARGS: Measured = { encoded: {}, bytes: 0 };

/** Returns the fields that differ from the defaults; `undefined` if none does. */
function detailsOf(
  { job, attemptsBefore, flow }: SpecifiedCall,
  settings: SpecSettings,
  context: ContextValues | undefined,
): JobDetails | undefined {
  const { name, timeoutMs, graceMs, deadline, retry, affinity, exclusive } = optionsOf(job);
  const { origin, commonArgs } = taskOf(job);
  const { priority } = kindOf(job);
  const isExact = fromBullPriority(toBullPriority(priority)) === priority;
  const details: JobDetails = {
    ...(name !== undefined && { n: name }),
    ...(!isExact && { p: priority }),
    ...(isFiniteNumber(timeoutMs) && { t: timeoutMs }),
    ...(graceMs !== undefined && { g: toJsonMs(graceMs) }),
    ...(isFiniteNumber(deadline) && { d: deadline + settings.clockOffsetMs }),
    ...(context !== undefined && { c: encodeValue(context, 'context', settings.maxPayload).encoded }),
    ...(retry?.onWorkerExit === true && { w: 1 as const }),
    ...(retry !== undefined && backoffOf(retry, attemptsBefore).type === OWN_BACKOFF && { b: ownBackoff(retry) }),
    ...(attemptsBefore > 0 && { k: attemptsBefore }),
    ...(affinity !== undefined && { f: affinity }),
    ...(exclusive === true && { x: 1 as const }),
    ...(origin.each && { e: 1 as const }),
    ...(commonArgs !== undefined && { m: encodeValue(commonArgs, 'options.args', settings.maxPayload).encoded }),
    ...(flow !== undefined && flow.inputs.length > 0 && { i: flow.inputs }),
  };
  return Object.keys(details).length === 0 ? undefined : details;
}

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

/** JSON has no `Infinity`. */
const toJsonMs = (ms: number): number => (ms === Number.POSITIVE_INFINITY ? -1 : ms);

function attemptsLeft({ maxAttempts }: RetryOptions, attemptsBefore: number): number {
  return Math.max(1, Math.min(maxAttempts - attemptsBefore, MAX_ATTEMPTS));
}

/** Returns the delay between attempts, in BullMQ's terms where possible, so that a plain consumer understands it. */
function backoffOf({ delayMs = 0, backoff = 'fixed', maxDelayMs, jitter = 0 }: RetryOptions, attemptsBefore: number) {
  const isOwn = backoff === 'linear' || maxDelayMs !== undefined || attemptsBefore > 0;
  return { type: isOwn ? OWN_BACKOFF : backoff, delay: Math.ceil(delayMs), jitter };
}

function ownBackoff({
  delayMs = 0,
  backoff = 'fixed',
  maxDelayMs = Number.POSITIVE_INFINITY,
  jitter = 0,
}: RetryOptions) {
  return [delayMs, backoff, toJsonMs(maxDelayMs), jitter] as const;
}
