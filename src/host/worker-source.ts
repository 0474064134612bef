/** The text of pool-worker.mjs, written in by the build. Empty until then. */
export const WORKER_SOURCE: string = '';
