import { outsideRequests } from '../base/async-context.js';
import { now } from '../base/clock.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { emitWarning } from '../base/warn.js';
import { QueueFullError, textOf } from '../errors.js';
import type { ThreadExit } from '../host/thread-exit.js';
import type { Job } from '../jobs/job.js';
import { failureOf } from '../jobs/job-access.js';
import { shownIdOf } from '../jobs/job-engine.js';
import type { EventHub } from './events.js';
import type { Logger, LogLevel } from './options/logger.js';
import type { PoolSettings } from './options/options.js';
import type { SettledCounts, ShutdownMode } from './options/shutdown-options.js';
import type { PoolWorker } from './pool-worker.js';

/** How to report, as a process warning, a fault that no caller can catch. */
export interface Warning {
  readonly type: 'UnobservedJobFailure' | 'ThreadSystemWarning' | 'LateError';
  readonly stack?: string | undefined;
  /** Whether the process is exiting, so that nothing can be reported later. */
  readonly isLast?: boolean;
}

/**
 * Writes what an operator wants to know to the pool's logger; without a logger, emits a process warning for each fault that
 * must not go unnoticed. Each is a single string, as loggers differ in what they do with further arguments.
 */
export class PoolLog {
  readonly #listenerQueue: ListenerQueue;
  readonly #events: EventHub;
  readonly #logger: Logger | undefined;
  readonly #name: string;
  #shutdownAtMs = 0;

  constructor({ logger, name }: Pick<PoolSettings, 'logger' | 'name'>, listenerQueue: ListenerQueue, events: EventHub) {
    this.#logger = logger;
    this.#name = name;
    this.#listenerQueue = listenerQueue;
    this.#events = events;
    if (this.isOpen) this.#logEvents();
  }

  /** Whether there is a logger. */
  get isOpen(): boolean {
    return this.#logger !== undefined;
  }

  #logEvents(): void {
    this.#events.watch('jobFailed', (job) => this.#jobFailed(job));
    this.#events.watch('jobRetried', (job, { error, attempt, delayMs }) =>
      this.#write('info', `${nameOf(job)} failed on attempt ${attempt}, retrying in ${delayMs} ms: ${textOf(error)}`),
    );
    if (this.#events.knows('starvation'))
      this.#events.watch('starvation', (job, { waitedMs }) =>
        this.#write('warn', `${nameOf(job)} has been waiting to start for ${Math.round(waitedMs)} ms`),
      );
    this.#events.watch('drain', () => this.#write('debug', 'The queue has room again'));
  }

  /** Reports a fault that nobody can catch. */
  fault(message: string, { type, stack, isLast = false }: Warning): void {
    if (this.#logger !== undefined) {
      const text = stack === undefined ? message : `${message}\n${stack}`;
      if (isLast) this.#call('error', text);
      else this.#write('error', text);
    } else if (isLast) {
      const warning = Object.assign(new Error(message), { name: type, detail: stack ?? '' });
      process.emit('warning', warning); // `emitWarning` would emit it too late
    } else {
      emitWarning(message, { type, detail: stack });
    }
  }

  /** An error that concerns no unsettled job: emits `lateError`, and reports the error unless that was handled. */
  lateError(
    error: Error,
    { jobId, where }: { readonly jobId?: number | string | undefined; readonly where?: string },
  ): void {
    const isHeard = this.#events.has('lateError');
    this.#events.emit('lateError', { error, job: jobId === undefined ? undefined : { id: jobId } });
    if (isHeard && this.#logger === undefined) return;
    const from = jobId === undefined ? 'outside any running job' : `from job ${jobId}, which has already settled`;
    const advice = isHeard ? '' : ". Listen to 'lateError' to handle it";
    this.fault(`Uncaught error in ${where ?? `a worker, ${from}`}: ${error.message}${advice}`, {
      type: 'LateError',
      stack: error.stack,
    });
  }

  workerStarting({ workerId }: PoolWorker): void {
    this.#write('debug', `Worker ${workerId} is starting`);
  }

  workerReady({ workerId, threadId, startedAtMs, readyAtMs }: PoolWorker): void {
    const tookMs = Math.round(readyAtMs - startedAtMs);
    this.#write('debug', `Worker ${workerId} is ready after ${tookMs} ms, on thread ${threadId}`);
  }

  /** A job of the worker did not stop when asked to. */
  workerReplaced({ workerId }: PoolWorker, reason: string): void {
    this.#write('warn', `Replacing worker ${workerId}: ${reason}`);
  }

  workerExited(worker: PoolWorker, { exitCode, cause }: ThreadExit): void {
    const { workerId, jobsRun } = worker;
    const jobs = `${jobsRun} ${jobsRun === 1 ? 'job' : 'jobs'}`;
    if (worker.wasEnded) this.#write('debug', `Worker ${workerId} exited after ${jobs}: ${worker.endReason}`);
    else if (worker.wasUp) {
      const reason = cause === undefined ? '' : `: ${textOf(cause)}`;
      this.#write('error', `Worker ${workerId} died with exit code ${exitCode} after ${jobs}${reason}`);
    }
  }

  /** @param next what happens next. */
  startFailed(message: string, next: string): void {
    this.#write('error', `${message}. ${next}`);
  }

  warn(message: string): void {
    this.#write('warn', message);
  }

  queueFull(message: string): void {
    this.#write('warn', `${message}. Until there is room, further jobs will be refused or dropped without a warning`);
  }

  shutdownBegins(mode: string, unsettled: number): void {
    this.#shutdownAtMs = now();
    this.#write('info', `Shutting down in mode '${mode}', with ${unsettledJobs(unsettled)}`);
  }

  shutdownEscalates(mode: ShutdownMode, unsettled: number): void {
    this.#write('warn', `Shutdown escalated to mode '${mode}', with ${unsettledJobs(unsettled)}`);
  }

  shutdownEnds({ completed, failed, cancelled }: SettledCounts): void {
    const tookMs = Math.round(now() - this.#shutdownAtMs);
    this.#write(
      'info',
      `Shut down after ${tookMs} ms: ${completed} jobs completed, ${failed} failed, ${cancelled} cancelled`,
    );
  }

  /** Logs each job that fails: one that a full queue refuses only for debugging, as `queueFull` has warned. */
  #jobFailed(job: Job): void {
    const { attempts } = job;
    const error = failureOf(job);
    const when = attempts === 0 ? ' before it began' : attempts === 1 ? '' : ` after ${attempts} attempts`;
    this.#write(error instanceof QueueFullError ? 'debug' : 'warn', `${nameOf(job)} failed${when}: ${textOf(error)}`);
  }

  /** Writes later, as the logger is foreign code (I7); called as its method, as many loggers need `this`. */
  #write(level: LogLevel, message: string): void {
    if (this.#logger === undefined) return;
    this.#listenerQueue.add(
      (text: string) => outsideRequests(() => this.#call(level, text)),
      [message],
      `logger.${level}`,
    );
  }

  #call(level: LogLevel, message: string): void {
    this.#logger?.[level](`${this.#name}: ${message}`);
  }
}

function unsettledJobs(count: number): string {
  return `${count} unsettled ${count === 1 ? 'job' : 'jobs'}`;
}

function nameOf(job: Job): string {
  return `Job '${job.name}' (id ${shownIdOf(job)})`;
}
