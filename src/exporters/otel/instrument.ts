import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Tracer } from '@opentelemetry/api';
import { mustBe } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkOneOf, copyStrings } from '../../base/check/values.js';
import { ofAllVersions, VERSION } from '../../base/version.js';
import { OTEL_API, requirePeer } from '../peers.js';
import type { AnnouncedJob } from './announced-job.js';
import { SCOPE_NAME } from './attribute-names.js';
import {
  JobSpans,
  type OtelApi,
  type SettlementMessage,
  type SpanSettings,
  type SubmissionMessage,
} from './job-spans.js';

/** Which spans are made, and by which tracer. */
export interface InstrumentOptions {
  /** Makes the spans. Default: that of the global tracer provider, named `thread-system`. */
  readonly tracer?: Tracer | undefined;
  /**
   * `'job'`: a span for each job, from the begin of its code to its end. `'all'`: another, `queue <task>`, from its
   * submission until then. `'none'`: the context is passed on to the job's code, and no span is made. Default: `'job'`.
   */
  readonly spans?: 'job' | 'all' | 'none' | undefined;
  /**
   * `'child'`: a job's span is a child of the span in which it was submitted. `'link'`: it begins a trace of its own, with a
   * link to that span, as is right for jobs that outlive it. Default: `'child'`.
   */
  readonly link?: 'child' | 'link' | undefined;
  /** Names of the tasks whose jobs get spans. Default: all. */
  readonly tasks?: readonly string[] | undefined;
}

const ACTION = 'instrument';
const OPTIONS = optionNames<InstrumentOptions>({ tracer: true, spans: true, link: true, tasks: true });
const SPANS = ['job', 'all', 'none'] as const;
const LINKS = ['child', 'link'] as const;

interface WorkerMessage {
  readonly pool: object;
  readonly workerId: number;
  readonly threadId: number;
}

/** Key under which all copies of the library keep the function that ends the present instrumentation: a process has one. */
const KEY = Symbol.for(ofAllVersions('instrumentation'));
const globals = globalThis as typeof globalThis & { [KEY]?: (() => void) | undefined };

/**
 * Makes spans of OpenTelemetry for the jobs of all pools of this process, and passes the context in which a job is submitted on
 * to its code, as headers in `currentJob().context`. A process has one instrumentation: another call replaces it.
 *
 * A job of a cluster gets a span `send <queue>` by its submitter and a span `process <queue>` by its host, each if that process is
 * instrumented.
 *
 * Spans are made on this thread when a job has settled; nothing is done for jobs of traces that are not sampled, except to pass
 * on that they are not.
 *
 * @returns a function that ends it.
 * @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received.
 * @throws {TypeError} if the package `@opentelemetry/api` is not installed.
 *
 * @example
 * ```ts
 * instrument({ spans: 'all' });
 * ```
 */
export function instrument(options?: InstrumentOptions): () => void {
  const given = readOptions<InstrumentOptions>(options, OPTIONS, ACTION);
  const { spans, link, tasks } = given;
  if (given.tracer !== undefined) checkTracer(given.tracer);
  const checked = {
    spans: spans === undefined ? 'job' : checkOneOf(spans, SPANS, 'spans', ACTION),
    link: link === undefined ? 'child' : checkOneOf(link, LINKS, 'link', ACTION),
    tasks: tasks === undefined ? undefined : new Set(copyStrings(tasks, 'tasks', ACTION)),
  } as const;
  const api = requirePeer<OtelApi>(OTEL_API, ACTION);
  const tracer = (given.tracer as Tracer | undefined) ?? api.trace.getTracer(SCOPE_NAME, VERSION);
  return begin(api, { ...checked, tracer });
}

/** Checks by shape: tracers are of many SDKs. */
function checkTracer(value: unknown): void {
  const isTracer =
    typeof value === 'object' && value !== null && 'startSpan' in value && typeof value.startSpan === 'function';
  if (!isTracer) throw mustBe('a Tracer of OpenTelemetry', value, 'tracer', ACTION);
}

function begin(api: OtelApi, settings: SpanSettings): () => void {
  globals[KEY]?.();
  const spans = new JobSpans(api, settings);
  const handlers: Readonly<Record<string, (message: unknown) => void>> = {
    'thread-system:job.submitted': (message) => spans.submitted(message as SubmissionMessage),
    'thread-system:job.cancelling': (message) => spans.cancelling((message as { job: AnnouncedJob }).job),
    'thread-system:job.settled': (message) => spans.settled(message as SettlementMessage),
    'thread-system:worker.started': (message) => {
      const worker = message as WorkerMessage;
      spans.workerStarted(worker.pool, worker);
    },
    'thread-system:worker.exited': (message) => {
      const { pool, workerId } = message as WorkerMessage;
      spans.workerExited(pool, workerId);
    },
  };
  const subscriptions = Object.entries(handlers).map(([name, handle]) => {
    const listener = (message: unknown): void => {
      try {
        handle(message);
      } catch (error) {
        api.diag.error(`thread-system: no span of a job could be made (${name})`, error);
      }
    };
    subscribe(name, listener);
    return () => unsubscribe(name, listener);
  });
  const end = (): void => {
    for (const stop of subscriptions.splice(0)) stop();
    if (globals[KEY] === end) globals[KEY] = undefined;
  };
  globals[KEY] = end;
  return end;
}
