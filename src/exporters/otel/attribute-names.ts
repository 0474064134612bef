/** Name of the instrumentation scope: of the tracer, and of the metrics. */
export const SCOPE_NAME = 'thread-system';

/** Names of attributes. All are here, as conventions of OpenTelemetry may come to have others. */
export const ATTRIBUTES = {
  poolName: 'thread_system.pool.name',
  queueName: 'thread_system.queue.name',
  taskName: 'thread_system.task.name',
  jobId: 'thread_system.job.id',
  jobTask: 'thread_system.job.task',
  jobPriority: 'thread_system.job.priority',
  jobAttempt: 'thread_system.job.attempt',
  jobState: 'thread_system.job.state',
  cancelReason: 'thread_system.cancel.reason',
  threadId: 'thread.id',
  errorType: 'error.type',
} as const;
