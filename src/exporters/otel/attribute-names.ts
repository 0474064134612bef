/** Name of the instrumentation scope. */
export const SCOPE_NAME = 'thread-system';

/** Names of attributes. All are here, as conventions of OpenTelemetry may come to have others. */
export const ATTRIBUTES = {
  poolName: 'thread_system.pool.name',
  taskName: 'thread_system.task.name',
} as const;
