import { outsideRequests } from '../base/async-context.js';
import { now } from '../base/clock.js';
import type { ListenerQueue } from '../base/listener-queue.js';
import { emitWarning } from '../base/warn.js';
import { QueueFullError, textOf } from '../errors.js';
import type { ThreadExit } from '../host/thread-exit.js';
import { failureOf, type Job } from '../jobs/job.js';
import type { EventHub } from './events.js';
import type { Logger, LogLevel } from './options/logger.js';
import type { SettledCounts, ShutdownMode } from './options/shutdown-options.js';
import type { PoolWorker } from './pool-worker.js';

/** A fault that has nobody to be thrown at, as a process warning. */
export interface Warning {
  readonly type: 'UnobservedJobFailure' | 'ThreadSystemWarning' | 'LateError';
  readonly stack?: string | undefined;
  /** The process ends: what is left for later is not told any more. */
  readonly isLast?: boolean;
}

/**
 * Tells the pool's logger what a supervisor wants to know; where there is no logger, only what must not stay silent, as
 * process warnings. One line each, with the facts in it: of what loggers take besides a text, no two take the same.
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

  /** From now on there is somebody to tell. */
  open(logger: Logger, name: string): void {
    this.#logger = logger;
    this.#name = name;
    this.#events.watch('jobFailed', (job) => this.#jobFailed(job));
    this.#events.watch('jobRetried', (job, { error, attempt, delayMs }) =>
      this.#tell('info', `${nameOf(job)} failed in attempt ${attempt}: ${textOf(error)}; the next is in ${delayMs} ms`),
    );
    this.#events.watch('starvation', (job, { waitedMs }) =>
      this.#tell('warn', `${nameOf(job)} has waited ${Math.round(waitedMs)} ms for its turn`),
    );
    this.#events.watch('drain', () => this.#tell('debug', 'The queue has room again'));
  }

  /** A fault that nobody can catch. */
  fault(message: string, { type, stack, isLast = false }: Warning): void {
    if (this.#logger !== undefined) {
      const text = stack === undefined ? message : `${message}\n${stack}`;
      if (isLast) this.#call('error', text);
      else this.#tell('error', text);
    } else if (isLast) {
      const warning = Object.assign(new Error(message), { name: type, detail: stack ?? '' });
      process.emit('warning', warning); // `emitWarning` does so later
    } else {
      emitWarning(message, { type, detail: stack });
    }
  }

  /** An error that hurts no job: told to who listens. */
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
    this.#tell('debug', `Worker ${workerId} starts`);
  }

  workerReady({ workerId, threadId, startedAtMs, readyAtMs }: PoolWorker): void {
    const tookMs = Math.round(readyAtMs - startedAtMs);
    this.#tell('debug', `Worker ${workerId} is ready after ${tookMs} ms, on thread ${threadId}`);
  }

  /** Its job did not stop. */
  workerReplaced({ workerId }: PoolWorker, reason: string): void {
    this.#tell('warn', `Worker ${workerId} is replaced: ${reason}`);
  }

  workerExited(worker: PoolWorker, { exitCode, cause }: ThreadExit): void {
    const { workerId, jobsRun } = worker;
    const jobs = `${jobsRun} ${jobsRun === 1 ? 'job' : 'jobs'}`;
    if (worker.wasEnded) this.#tell('debug', `Worker ${workerId} has ended, after ${jobs}: ${worker.endReason}`);
    else if (worker.readyAtMs > 0) {
      const reason = cause === undefined ? '' : `: ${textOf(cause)}`;
      this.#tell('error', `Worker ${workerId} died with exit code ${exitCode}, after ${jobs}${reason}`);
    }
  }

  /** @param next what follows. */
  startFailed(message: string, next: string): void {
    this.#tell('error', `${message}. ${next}`);
  }

  queueFull(message: string): void {
    this.#tell('warn', `${message}. Until there is room, others will be`);
  }

  shutdownBegins(mode: ShutdownMode, unsettled: number): void {
    this.#shutdownAtMs = now();
    this.#tell(
      'info',
      `Shutdown begins, mode '${mode}': ${unsettled} ${unsettled === 1 ? 'job is' : 'jobs are'} not settled`,
    );
  }

  shutdownEscalates(mode: ShutdownMode, unsettled: number): void {
    this.#tell(
      'warn',
      `Shutdown goes on in mode '${mode}': ${unsettled} ${unsettled === 1 ? 'job is' : 'jobs are'} not settled`,
    );
  }

  shutdownEnds({ completed, failed, cancelled }: SettledCounts): void {
    const tookMs = Math.round(now() - this.#shutdownAtMs);
    this.#tell(
      'info',
      `Shutdown ended after ${tookMs} ms: ${completed} completed, ${failed} failed, ${cancelled} cancelled`,
    );
  }

  /** One line a job that fails, none for others. What a full queue refuses is told once. */
  #jobFailed(job: Job): void {
    const { attempts } = job;
    const error = failureOf(job);
    const when = attempts === 0 ? ' before it began' : attempts === 1 ? '' : ` after ${attempts} attempts`;
    this.#tell(error instanceof QueueFullError ? 'debug' : 'warn', `${nameOf(job)} failed${when}: ${textOf(error)}`);
  }

  /** Later, as the logger is foreign code (I7); called on itself, as many need their `this`. */
  #tell(level: LogLevel, message: string): void {
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
