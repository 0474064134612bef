import type { ListenerQueue } from '../../base/listener-queue.js';
import { EVENT_NAMES, EventHub, type FailedAttempt, type PoolEvents } from '../../core/events.js';
import type { Job } from '../../jobs/job.js';
import type { ClusterJob } from './cluster-job.js';

type JobEvent = 'jobStarted' | 'jobCompleted' | 'jobFailed' | 'jobCancelled' | 'jobRetried' | 'jobRecovered';

/** A `ClusterPool`'s events, with what their listeners are given. */
export interface ClusterPoolEvents extends Pick<PoolEvents, 'idle' | 'drain'> {
  /** A host says that the job's code runs. Not emitted for jobs of less than 20 ms. */
  jobStarted: ClusterJob;
  /** The job has settled COMPLETED. */
  jobCompleted: ClusterJob;
  /** The job has settled FAILED. */
  jobFailed: ClusterJob;
  /** The job has settled CANCELLED. */
  jobCancelled: ClusterJob;
  /** An attempt of the job has failed, and another follows. Listeners also receive the {@link FailedAttempt}. */
  jobRetried: ClusterJob;
  /** The job's host has died, and the job waits again. Listeners also receive a {@link Recovery}. */
  jobRecovered: ClusterJob;
  /** All connections to Redis are up, for the first time or again. */
  connected: undefined;
  /** A connection to Redis is down. Jobs wait; nothing is thrown. */
  disconnected: {
    /** What the connection ended with. */
    readonly error: Error | undefined;
  };
}

/** The name of a `ClusterPool`'s event. */
export type ClusterPoolEvent = keyof ClusterPoolEvents;

/** How a job came back after its host had died. */
export interface Recovery {
  /** The host that took it over. */
  readonly hostId: string;
}

type More<E> = E extends 'jobRetried' ? FailedAttempt : E extends 'jobRecovered' ? Recovery : undefined;

/** Called with what happened, and for some events with more about it. */
export type ClusterPoolListener<E extends ClusterPoolEvent> = (detail: ClusterPoolEvents[E], more: More<E>) => void;

/** What is emitted: the local jobs, in whose place listeners get those of the cluster. */
type Emitted<E extends ClusterPoolEvent> = E extends JobEvent ? Job : ClusterPoolEvents[E];

/** The pool's hub, by its own events. */
export interface ClusterEvents {
  on(event: ClusterPoolEvent, listener: (detail: unknown, more: unknown) => void): () => void;
  once(event: ClusterPoolEvent, listener: (detail: unknown, more: unknown) => void): () => void;
  next(event: ClusterPoolEvent, signal: AbortSignal | undefined): Promise<[detail: unknown, more: unknown]>;
  off(event: ClusterPoolEvent, listener: unknown): void;
  emit<E extends ClusterPoolEvent>(event: E, detail: Emitted<E>, more?: More<E>): void;
}

const NAMES = [
  ...EVENT_NAMES.filter((name) => !['workerStarted', 'workerExited', 'lateError', 'starvation'].includes(name)),
  ...['jobRecovered', 'connected', 'disconnected'],
];

/** Makes the hub of a pool: as its own parts see it, and as those of the core that it uses do. */
export function createEvents(listenerQueue: ListenerQueue): { readonly hub: EventHub; readonly events: ClusterEvents } {
  const hub = new EventHub(listenerQueue, NAMES);
  return { hub, events: hub as unknown as ClusterEvents };
}
