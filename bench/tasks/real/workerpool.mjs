// A thread of workerpool that runs the functions of the module it is named.
import { workerData } from 'node:worker_threads';
import workerpool from 'workerpool';

workerpool.worker({ ...(await import(workerData)) });
