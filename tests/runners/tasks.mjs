import { currentJob } from 'thread-system/worker';

export const double = (x) => 2 * x;
export const nameOfJob = () => currentJob().name;
export default (x) => x + 1;
