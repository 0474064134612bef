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
  system: 'messaging.system',
  operationType: 'messaging.operation.type',
  operationName: 'messaging.operation.name',
  destination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
  batchCount: 'messaging.batch.message_count',
} as const;

/** Returns the attributes of an operation on a queue of a cluster. */
export function messagingAttributes(operation: 'send' | 'process', queue: string): Record<string, string> {
  return {
    [ATTRIBUTES.system]: 'thread_system',
    [ATTRIBUTES.operationType]: operation,
    [ATTRIBUTES.operationName]: operation,
    [ATTRIBUTES.destination]: queue,
  };
}
