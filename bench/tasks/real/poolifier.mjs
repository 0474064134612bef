// A thread of poolifier that runs a function of the module it is named.
import { workerData } from 'node:worker_threads';
import { ThreadWorker } from 'poolifier';

const { [workerData.task]: task } = await import(workerData.file);

// biome-ignore lint/style/noDefaultExport: poolifier's form of a worker file
export default new ThreadWorker(async (input) => await task(input));
