import workerpool from 'workerpool';
import * as functions from './functions.mjs';

const stampAndMove = (bytes) => new workerpool.Transfer(functions.stamp(bytes), [bytes.buffer]);

workerpool.worker({ ...functions, stampAndMove });
