import { outsideRequests } from '../base/async-context.js';
import { now } from '../base/clock.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { emitWarning } from '../base/warn.js';
import { QueueFullError, textOf } from '../errors.js';
import type { ThreadExit } from '../host/thread-exit.js';
import type { Job } from '../jobs/job.js';
import { failureOf } from '../jobs/job-access.js';
import type { EventHub } from './events.js';
import type { Logger, LogLevel } from './options/logger.js';
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
 * Writes to the pool's logger what an operator wants to know; without a logger, emits a process warning for each fault
 * that must not go unnoticed. Each is one line of text, as loggers differ in what they do with further arguments.
 */
export class PoolLog {
  readonly #listenerQueue: ListenerQueue;
  readonly #events: EventHub;
  #logger: Logger | undefined;
  #name = '';
  #shutdownAtMs = 0;

  constructor(listenerQueue: ListenerQueue, events: EventHub) {
    this.#listenerQueue = listenerQueue;
    this.#events = events;
  }

  /** Whether there is a logger. */
  get isOpen(): boolean {
    return this.#logger !== undefined;
  }

  /** Sets the logger, and listens to the events that it is to be sent. */
  open(logger: Logger, name: string): void {
    this.#logger = logger;
    this.#name = name;
    this.#events.watch('jobFailed', (job) => this.#jobFailed(job));
    this.#events.watch('jobRetried', (job, { error, attempt, delayMs }) =>
      this.#write(
        'info',
        `${nameOf(job)} failed in attempt ${attempt}: ${textOf(error)}; the next is in ${delayMs} ms`,
      ),
    );
    this.#events.watch('starvation', (job, { waitedMs }) =>
      this.#write('warn', `${nameOf(job)} has waited ${Math.round(waitedMs)} ms for its turn`),
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
  lateError(error: Error, { jobId, whose }: { readonly jobId?: number | undefined; readonly whose?: string }): void {
    const isHeard = this.#events.has('lateError');
    this.#events.emit('lateError', { error, job: jobId === undefined ? undefined : { id: jobId } });
    if (isHeard && this.#logger === undefined) return;
    const of = whose ?? (jobId === undefined ? 'of no job that runs' : `of job ${jobId}, which is settled`);
    const advice = isHeard ? '' : ". Listen to 'lateError' to handle it";
    this.fault(`Uncaught error in a worker, ${of}: ${error.message}${advice}`, {
      type: 'LateError',
      stack: error.stack,
    });
  }

  workerStarting({ workerId }: PoolWorker): void {
    this.#write('debug', `Worker ${workerId} starts`);
  }

  workerReady({ workerId, threadId, startedAtMs, readyAtMs }: PoolWorker): void {
    const tookMs = Math.round(readyAtMs - startedAtMs);
    this.#write('debug', `Worker ${workerId} is ready after ${tookMs} ms, on thread ${threadId}`);
  }

  /** The worker's job did not stop when asked to. */
  workerReplaced({ workerId }: PoolWorker, reason: string): void {
    this.#write('warn', `Worker ${workerId} is replaced: ${reason}`);
  }

  workerExited(worker: PoolWorker, { exitCode, cause }: ThreadExit): void {
    const { workerId, jobsRun } = worker;
    const jobs = `${jobsRun} ${jobsRun === 1 ? 'job' : 'jobs'}`;
    if (worker.wasEnded) this.#write('debug', `Worker ${workerId} has ended, after ${jobs}: ${worker.endReason}`);
    else if (worker.wasUp) {
      const reason = cause === undefined ? '' : `: ${textOf(cause)}`;
      this.#write('error', `Worker ${workerId} died with exit code ${exitCode}, after ${jobs}${reason}`);
    }
  }

  /** @param next what happens next. */
  startFailed(message: string, next: string): void {
    this.#write('error', `${message}. ${next}`);
  }

  queueFull(message: string): void {
    this.#write('warn', `${message}. Until there is room, further jobs will be, too`);
  }

  shutdownBegins(mode: ShutdownMode, unsettled: number): void {
    this.#shutdownAtMs = now();
    this.#write(
      'info',
      `Shutdown begins, mode '${mode}': ${unsettled} ${unsettled === 1 ? 'job is' : 'jobs are'} not settled`,
    );
  }

  shutdownEscalates(mode: ShutdownMode, unsettled: number): void {
    this.#write(
      'warn',
      `Shutdown goes on in mode '${mode}': ${unsettled} ${unsettled === 1 ? 'job is' : 'jobs are'} not settled`,
    );
  }

  shutdownEnds({ completed, failed, cancelled }: SettledCounts): void {
    const tookMs = Math.round(now() - this.#shutdownAtMs);
    this.#write(
      'info',
      `Shutdown ended after ${tookMs} ms: ${completed} completed, ${failed} failed, ${cancelled} cancelled`,
    );
  }

  /** One line for each job that fails. Jobs that a full queue refuses are logged for debugging only: `queueFull` has warned. */
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

function nameOf({ name, id }: Job): string {
  return `Job '${name}' (id ${id})`;
}
