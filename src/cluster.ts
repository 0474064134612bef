/**
 * Jobs on many machines, by BullMQ on Redis.
 *
 * @module thread-system/cluster
 */
export type { ClusterGroup } from './cluster/compose/cluster-group.js';
export type { ClusterMapOptions, PlainClusterMapOptions } from './cluster/compose/cluster-maps.js';
export type { ClusterSchedule } from './cluster/compose/cluster-schedule.js';
export type { ClusterScheduleOptions } from './cluster/compose/cluster-schedules.js';
export {
  ClusterUnavailableError,
  DetachedError,
  HostLostError,
  JobLostError,
  PayloadTooLargeError,
} from './cluster/errors.js';
export {
  ClusterHost,
  type DrainOptions,
  type HostEvent,
  type HostListener,
  type HostMetrics,
} from './cluster/host/cluster-host.js';
export type { HostEvents } from './cluster/host/cluster-host-engine.js';
export type { ClusterHostOptions } from './cluster/host/cluster-host-options.js';
export type { HostTask, HostTaskList } from './cluster/host/host-tasks.js';
export type {
  ClusterPoolEvent,
  ClusterPoolEvents,
  ClusterPoolListener,
  Recovery,
} from './cluster/pool/cluster-events.js';
export { ClusterJob } from './cluster/pool/cluster-job.js';
export type { ClusterJobOptions } from './cluster/pool/cluster-job-options.js';
export type {
  ClusterCounts,
  ClusterHostMetrics,
  ClusterMetrics,
  ClusterTaskMetrics,
} from './cluster/pool/cluster-metrics.js';
export { ClusterPool } from './cluster/pool/cluster-pool.js';
export type { BatchOptions, ClusterPoolOptions } from './cluster/pool/cluster-pool-options.js';
export type {
  ClusterJobOf,
  ClusterSubmitRest,
  FoundClusterJob,
  SettledClusterJob,
} from './cluster/pool/cluster-pool-types.js';
export type { ClusterShutdownOptions } from './cluster/pool/cluster-shutdown.js';
export type { QueueOptions } from './cluster/queue-options.js';
export type { ClusterConnection } from './cluster/redis/connections.js';
export { remoteTasks } from './cluster/remote-tasks.js';
