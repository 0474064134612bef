export type { CurrentJob } from './current-job.js';
export { CancellationToken } from './sync/cancellation-token.js';
export { currentJob } from './workers/bridge.js';
export { move } from './workers/move.js';
