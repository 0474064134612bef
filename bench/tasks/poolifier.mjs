// poolifier keeps statistics for each function once a worker has two: it gets the one that is measured.
import { workerData } from 'node:worker_threads';
import { ThreadWorker } from 'poolifier';
import * as functions from './functions.mjs';

// a result cannot be moved out of its worker: it is cloned
const tasks = { ...functions, stampAndMove: functions.stamp };
const task = tasks[workerData.task];

// biome-ignore lint/style/noDefaultExport: poolifier's form of a worker file
export default new ThreadWorker((input) => task(input));
