/**
 * Pools, jobs, and what threads share.
 *
 * @module thread-system
 */
export type { ContextStore, ContextStores } from './base/context-stores.js';
export type { GraphNode, GraphRunOptions, NodeOptions, NodeOutput, WithOutputs } from './compose/graph/graph-node.js';
export { type GraphOptions, JobGraph } from './compose/graph/job-graph.js';
export type { GroupOptions, GroupStats, JobGroup } from './compose/job-group.js';
export type { JobStream, SettledJob, StreamOptions } from './compose/job-stream.js';
export type { TypedArray } from './compose/map/item-source.js';
export type { JobMap } from './compose/map/job-map.js';
export type { MapOptions } from './compose/map/map-options.js';
export type { MapProgressListener } from './compose/map/map-progress.js';
export type {
  FlatResult,
  ItemTask,
  MapFailure,
  MapRest,
  MapResult,
  PlainMapOptions,
  SettledItem,
} from './compose/map/map-types.js';
export type { Schedule, ScheduleOptions } from './compose/schedule/schedule.js';
export type { ChildJob, ChildOptions, CurrentJob } from './contract/current-job.js';
export type { PoolFunctions } from './contract/pool-functions.js';
export type { WorkerExitReason } from './contract/worker-end.js';
export type { FailedAttempt, PoolEvent, PoolEvents, PoolListener, Starvation, WorkerExit } from './core/events.js';
export type { JobFilter, JobRow } from './core/job-list.js';
export type { AgingOptions } from './core/options/aging-options.js';
export type { Logger } from './core/options/logger.js';
export type { AroundTask, ThreadPoolOptions } from './core/options/options.js';
export type { RecycleOptions } from './core/options/recycle-options.js';
export type { ReservedWorkers } from './core/options/reserved-workers.js';
export type { SettledCounts, ShutdownMode, ShutdownOptions } from './core/options/shutdown-options.js';
export type { OutputStream } from './core/options/thread-options.js';
export { ThreadPool } from './core/pool.js';
export type { OnceOptions } from './core/pool-emitter.js';
export type { PoolStatus } from './core/pool-state.js';
export type { CpuProfile } from './core/profile/cpu-profile.js';
export { type SignalOptions, shutdownAll } from './core/shutdown-all.js';
export type {
  SubmittedJob,
  SubmittedJobOf,
  Submitter,
  SubmitterGroup,
  SubmitterJobEvent,
  SubmitterJobOptions,
  SubmitterMapOptions,
  SubmitterRest,
  SubmitterSchedule,
  SubmitterScheduleOptions,
} from './core/submitter.js';
export { Thread } from './core/thread.js';
export type { PoolTop, TopOptions } from './core/top/pool-top.js';
export type { Trace, TraceEvent, TraceOptions } from './core/trace/trace.js';
export {
  CancelledError,
  ChannelClosedError,
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
export type { ModuleTask, Task, TaskArgs, TaskFunction, TaskModule, TaskProgress, TaskResult } from './jobs/task.js';
export { taskModule } from './jobs/task-registry.js';
export { type BroadcastRest, Job, type JobConstructor, type JobOf, type SubmitRest } from './jobs/typed-job.js';
export type { Distribution } from './metrics/distribution.js';
export type { PoolMetrics, PriorityCounts, TaskMetrics, WorkerMetrics } from './metrics/pool-metrics.js';
export { Barrier } from './sync/barrier.js';
export { CancellationToken } from './sync/cancellation-token.js';
export { Channel } from './sync/channel/channel.js';
export type { ChannelOptions } from './sync/channel/channel-memory.js';
export { Condition } from './sync/condition.js';
export { Latch } from './sync/latch.js';
export type { Lease } from './sync/lease.js';
export { Mutex, type MutexLease } from './sync/mutex.js';
export { Semaphore } from './sync/semaphore.js';
export type { Transferable } from './sync/sharing/crossing.js';
export { Signal } from './sync/signal.js';
export { Till } from './sync/till.js';
export type { WaitOptions } from './sync/waiting/wait.js';
export type { TopInput, TopOutput } from './top/terminal.js';
export { registerErrorClass } from './wire/message/error-classes.js';
