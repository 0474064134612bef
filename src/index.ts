export type { AgingOptions } from './core/aging.js';
export type { CpuProfile } from './core/cpu-profile.js';
export type { FailedAttempt, PoolEvent, PoolEvents, PoolListener, Starvation } from './core/events.js';
export {
  type GraphNode,
  type GraphOptions,
  type GraphRunOptions,
  JobGraph,
  type NodeOptions,
  type NodeOutput,
  type WithOutputs,
} from './core/job-graph.js';
export type { GroupStats, JobGroup } from './core/job-group.js';
export type { ItemTask, JobMap, MapOptions } from './core/job-map.js';
export type { SettledJob, StreamOptions } from './core/job-stream.js';
export { type SignalOptions, shutdownAll } from './core/living.js';
export type { Logger } from './core/logger.js';
export type { TypedArray } from './core/map-source.js';
export type { ThreadPoolOptions } from './core/options.js';
export { ThreadPool } from './core/pool.js';
export type { ReservedWorkers } from './core/reserved-workers.js';
export type { Schedule, ScheduleOptions } from './core/schedule.js';
export type { SettledCounts } from './core/settled-counts.js';
export type { ShutdownMode, ShutdownOptions } from './core/shutdown-options.js';
export { Thread } from './core/thread.js';
export type { ChildJob, ChildOptions, CurrentJob } from './current-job.js';
export {
  CancelledError,
  DependencyError,
  JobTimeoutError,
  NotCloneableError,
  PoolClosedError,
  QueueFullError,
  TaskNotFoundError,
  ThreadSystemError,
  WorkerExitError,
} from './errors.js';
export type { JobOptions } from './jobs/job-options.js';
export { JobPriority } from './jobs/job-priority.js';
export { JobState } from './jobs/job-state.js';
export type { RetryOptions } from './jobs/retry-policy.js';
export {
  type ModuleTask,
  type Task,
  type TaskArgs,
  type TaskFunction,
  type TaskModule,
  type TaskProgress,
  type TaskResult,
  taskModule,
} from './jobs/task.js';
export { type BroadcastRest, Job, type JobConstructor, type JobOf, type SubmitRest } from './jobs/typed-job.js';
export type { Distribution } from './metrics/histogram.js';
export type { PoolMetrics, PriorityCounts, WorkerMetrics } from './metrics/recorder.js';
export { Barrier } from './sync/barrier.js';
export { CancellationToken } from './sync/cancellation-token.js';
export { Condition } from './sync/condition.js';
export type { ContextStore, ContextStores } from './sync/context-stores.js';
export type { Transferable } from './sync/crossing.js';
export { Latch } from './sync/latch.js';
export type { Lease } from './sync/lease.js';
export { Mutex, type MutexLease } from './sync/mutex.js';
export { Semaphore } from './sync/semaphore.js';
export { Signal } from './sync/signal.js';
export { Till } from './sync/till.js';
export type { WaitOptions } from './sync/waiting.js';
export { registerErrorClass } from './workers/error-codec.js';
