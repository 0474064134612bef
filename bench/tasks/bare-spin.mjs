// A bare thread: for each message, so many jobs of so many turns, one after the other.
import { parentPort } from 'node:worker_threads';
import { spin } from './functions.mjs';

parentPort.on('message', ({ jobs, turns }) => {
  let sum = 0;
  for (let i = 0; i < jobs; i++) sum += spin(turns);
  parentPort.postMessage(sum);
});
