/**
 * What tasks use: the job that they run, and what threads share.
 *
 * @module thread-system/worker
 */
export type { ContextStore, ContextStores } from './base/context-stores.js';
export type { ChildJob, ChildOptions, CurrentJob } from './contract/current-job.js';
export { Barrier } from './sync/barrier.js';
export { CancellationToken } from './sync/cancellation-token.js';
export { Channel } from './sync/channel/channel.js';
export type { ChannelOptions } from './sync/channel/channel-memory.js';
export { Condition } from './sync/condition.js';
export { Latch } from './sync/latch.js';
export type { Lease } from './sync/lease.js';
export { Mutex, type MutexLease } from './sync/mutex.js';
export { Semaphore } from './sync/semaphore.js';
export { Signal } from './sync/signal.js';
export { Till } from './sync/till.js';
export type { WaitOptions } from './sync/waiting/wait.js';
export { move } from './wire/message/move.js';
export { currentJob } from './worker/bridge.js';
