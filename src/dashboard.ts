/**
 * A page that shows what pools do.
 *
 * @module thread-system/dashboard
 */
export type { ShownCluster } from './dashboard/cluster-reader.js';
export { type DashboardHandler, type DashboardPools, dashboard } from './dashboard/dashboard.js';
export type { DashboardOptions, DashboardShow } from './dashboard/dashboard-options.js';
export type {
  AttemptRow,
  DashboardAction,
  DashboardMessage,
  DashboardPoint,
  DashboardRecording,
  DashboardSnapshot,
  DashboardWelcome,
  FailureRow,
  GroupRow,
  HostRow,
  JobSummary,
  Percentiles,
  PoolSnapshot,
  RunningRow,
  RunRow,
  ScheduleRow,
  TaskRow,
  TimesSummary,
  WaitingRow,
  WorkerExitRow,
  WorkerRow,
} from './dashboard/messages.js';
