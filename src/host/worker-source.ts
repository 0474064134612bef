/**
 * Text of pool-worker.cjs, compressed by Brotli, in base64: inserted by the build, empty before. Compressed, as every program
 * that imports the library reads it, and few need it.
 */
export const WORKER_SOURCE: string = '';
