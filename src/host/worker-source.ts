/** Text of pool-worker.mjs, inserted by the build. Empty before. */
export const WORKER_SOURCE: string = '';
