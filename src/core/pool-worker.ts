import type { RemoteWorker } from '../host/remote-worker.js';
import type { Job } from '../jobs/job.js';

export type PoolWorker = RemoteWorker<Job>;
