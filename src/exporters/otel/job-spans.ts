import type * as Api from '@opentelemetry/api';
import { now, toEpoch } from '../../base/clock.js';
import { errorTypeOf, messageOf, stackIfAny } from '../../errors.js';
import type { FetchedFrom } from '../../jobs/job-extras.js';
import {
  type AnnouncedJob,
  attemptsBefore,
  contextOf,
  errorOf,
  fetchedFrom,
  idOf,
  queueOf,
  stateOf,
  taskNameOf,
  whenAdded,
} from './announced-job.js';
import { ATTRIBUTES, messagingAttributes } from './attribute-names.js';

/** What `@opentelemetry/api` exports. */
export type OtelApi = typeof Api;

/** Which spans are made, and where they belong. */
export interface SpanSettings {
  readonly tracer: Api.Tracer;
  /** `'all'`: a span of the waiting, too. */
  readonly spans: 'job' | 'all' | 'none';
  readonly link: 'child' | 'link';
  /** Names of the tasks whose jobs get spans; `undefined` for all. */
  readonly tasks: ReadonlySet<string> | undefined;
}

/** A message of the channel of submissions. */
export interface SubmissionMessage {
  readonly pool: object;
  readonly job: AnnouncedJob;
  /** Sent to the code of the job, which reads the context that it runs in from it. */
  readonly carrier: Record<string, unknown>;
}

/** An attempt that has ended. Times in ms since 1970. */
export interface EndedAttempt {
  readonly startedAt: number;
  readonly executionMs: number;
  readonly workerId: number;
  readonly error?: unknown;
}

/** A message of the channel of settled jobs. */
export interface SettlementMessage {
  readonly pool: object;
  readonly job: AnnouncedJob;
  readonly attempts: readonly EndedAttempt[];
}

/** What is known of a job for which spans will be made. Times in ms since 1970. */
interface TracedJob {
  readonly task: string;
  /** The context in which it was submitted. */
  readonly parent: Api.Context;
  readonly submittedAt: number;
  cancelledAt?: number;
}

/**
 * Makes the spans of jobs. A span is made when its job has settled, with the times known by then: until then a job that is
 * sampled costs an entry in a map, and another job nothing.
 */
export class JobSpans {
  readonly #api: OtelApi;
  readonly #settings: SpanSettings;
  /** The jobs that may be sampled. */
  readonly #traced = new WeakMap<AnnouncedJob, TracedJob>();
  /** The threads of each pool's workers that started since. */
  readonly #threads = new WeakMap<object, Map<number, number>>();

  constructor(api: OtelApi, settings: SpanSettings) {
    this.#api = api;
    this.#settings = settings;
  }

  /** Called as a job is submitted, in the context of the caller. */
  submitted({ pool, job, carrier }: SubmissionMessage): void {
    const { context, propagation, trace, ROOT_CONTEXT, TraceFlags } = this.#api;
    const { spans, tasks } = this.#settings;
    const inherited = propagation.extract(ROOT_CONTEXT, { ...contextOf(job), ...carrier });
    const parent = inherited === ROOT_CONTEXT ? context.active() : inherited;
    // also if it is not sampled, so that spans of the job's code are not either
    if (inherited === ROOT_CONTEXT && parent !== ROOT_CONTEXT) propagation.inject(parent, carrier);
    if (spans === 'none') return;
    const flags = trace.getSpanContext(parent)?.traceFlags ?? TraceFlags.SAMPLED;
    if ((flags & TraceFlags.SAMPLED) === 0) return;
    const task = taskNameOf(job);
    if (tasks?.has(task) === false) return;
    const queue = queueOf(pool);
    if (queue === undefined) this.#traced.set(job, { task, parent, submittedAt: epochNow() });
    else propagation.inject(this.#send({ job, task, queue }, parent), carrier);
  }

  /**
   * Begins the span of a job on its way to a queue, which ends once that has the job. The span of its code is made by the job's host.
   *
   * @returns the context of that span, in which the job runs.
   */
  #send(
    { job, task, queue }: { readonly job: AnnouncedJob; readonly task: string; readonly queue: string },
    parent: Api.Context,
  ): Api.Context {
    const { SpanKind, SpanStatusCode, trace } = this.#api;
    const attributes = { ...messagingAttributes('send', queue), [ATTRIBUTES.jobTask]: task };
    const options = { kind: SpanKind.PRODUCER, startTime: epochNow(), attributes };
    const span = this.#settings.tracer.startSpan(`send ${queue}`, options, parent);
    const end = (): void => {
      // the id is asked for when the job is on its way: until then it may become a member of a batch
      span.setAttributes({ ...identityOf(job, task), [ATTRIBUTES.messageId]: idOf(job) }).end(epochNow());
    };
    whenAdded(job)?.then(end, (error: unknown) => {
      if (stateOf(job) === 'FAILED') {
        span.setAttribute(ATTRIBUTES.errorType, errorTypeOf(error));
        span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
      }
      end();
    });
    return trace.setSpan(parent, span);
  }

  workerStarted(pool: object, { workerId, threadId }: { readonly workerId: number; readonly threadId: number }): void {
    const threads = this.#threads.get(pool) ?? new Map<number, number>();
    threads.set(workerId, threadId);
    this.#threads.set(pool, threads);
  }

  workerExited(pool: object, workerId: number): void {
    this.#threads.get(pool)?.delete(workerId);
  }

  /** Called when a job is asked to stop. */
  cancelling(job: AnnouncedJob): void {
    const traced = this.#traced.get(job);
    if (traced !== undefined) traced.cancelledAt ??= epochNow();
  }

  settled(settled: SettlementMessage): void {
    const traced = this.#traced.get(settled.job);
    if (traced === undefined) return;
    this.#traced.delete(settled.job);
    if (this.#settings.spans === 'all') this.#addQueueSpan(settled, traced);
    this.#addJobSpan(settled, traced);
  }

  /** From submission until the code began, or until it was certain that it never would. */
  #addQueueSpan({ job, attempts }: SettlementMessage, traced: TracedJob): void {
    const { task, submittedAt } = traced;
    const span = this.#start(`queue ${task}`, traced, { startTime: submittedAt, attributes: identityOf(job, task) });
    span.end(Math.max(attempts[0]?.startedAt ?? epochNow(), submittedAt));
  }

  /** From the begin of the first attempt to the end of the last. */
  #addJobSpan({ pool, job, attempts }: SettlementMessage, traced: TracedJob): void {
    const { SpanStatusCode } = this.#api;
    const { task, cancelledAt } = traced;
    const state = stateOf(job);
    const fetched = fetchedFrom(job);
    const [first] = attempts;
    const last = attempts.at(-1);
    const startTime = first?.startedAt ?? epochNow();
    const endTime = Math.max(last === undefined ? startTime : endOf(last), startTime);
    const attributes: Api.Attributes = {
      ...identityOf(job, task),
      ...(fetched && messageOfJob(job, fetched)),
      [ATTRIBUTES.jobAttempt]: attemptsBefore(job) + attempts.length,
      [ATTRIBUTES.jobState]: state ?? '',
    };
    const threadId = last === undefined ? undefined : this.#threads.get(pool)?.get(last.workerId);
    if (threadId !== undefined) attributes[ATTRIBUTES.threadId] = threadId;
    const span =
      fetched === undefined
        ? this.#start(task, traced, { startTime, attributes })
        : this.#startProcessing(fetched.queue, traced, { startTime, attributes });
    if (!span.isRecording()) return;
    if (fetched?.isRecovered === true) span.addEvent('recovered', undefined, startTime);
    for (const attempt of attempts.slice(0, -1))
      span.addEvent('retry', { [ATTRIBUTES.errorType]: errorTypeOf(attempt.error) }, endOf(attempt));
    if (cancelledAt !== undefined) span.addEvent('cancel', undefined, cancelledAt);
    if (state === 'FAILED') {
      const error = errorOf(job);
      const type = errorTypeOf(error);
      const message = messageOf(error);
      // a copy, as an error of a task may throw when it is read
      span.recordException({ name: type, message, stack: stackIfAny(error) ?? '' }, endTime);
      span.setAttribute(ATTRIBUTES.errorType, type);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    if (state === 'CANCELLED') span.setAttribute(ATTRIBUTES.cancelReason, reasonOf(errorOf(job)));
    span.end(endTime);
  }

  #start(name: string, { parent }: TracedJob, options: Api.SpanOptions): Api.Span {
    const { trace } = this.#api;
    const { tracer, link } = this.#settings;
    const context = trace.getSpanContext(parent);
    if (link === 'child' || context === undefined) return tracer.startSpan(name, options, parent);
    return tracer.startSpan(name, { ...options, root: true, links: [{ context }] }, parent);
  }

  /** Starts the span of a job from a queue. It has a link to the span by which the job was sent, also if that is its parent. */
  #startProcessing(queue: string, traced: TracedJob, options: Api.SpanOptions): Api.Span {
    const { SpanKind, trace } = this.#api;
    const sent = trace.getSpanContext(traced.parent);
    const links = sent === undefined ? {} : { links: [{ context: sent }] };
    return this.#start(`process ${queue}`, traced, { kind: SpanKind.CONSUMER, ...links, ...options });
  }
}

/** Why a job was cancelled: the reason that was given, or the message of its error. */
function reasonOf(error: unknown): string {
  const { reason } = error as { readonly reason?: unknown };
  return messageOf(reason ?? error);
}

function identityOf(job: AnnouncedJob, task: string): Api.Attributes {
  return { [ATTRIBUTES.jobId]: idOf(job), [ATTRIBUTES.jobTask]: task, [ATTRIBUTES.jobPriority]: job.priority };
}

function messageOfJob(job: AnnouncedJob, { queue, together }: FetchedFrom): Api.Attributes {
  return {
    ...messagingAttributes('process', queue),
    [ATTRIBUTES.messageId]: idOf(job),
    ...(together > 1 && { [ATTRIBUTES.batchCount]: together }),
  };
}

function endOf({ startedAt, executionMs }: EndedAttempt): number {
  return startedAt + executionMs;
}

/** The time in ms since 1970, by the clock of the attempts. */
function epochNow(): number {
  return toEpoch(now());
}
