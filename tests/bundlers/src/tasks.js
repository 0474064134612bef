import { currentJob } from 'thread-system/worker';
import { greeting } from './greeting.js';

export function nameOfJob(kind) {
  return `${greeting} of ${kind} ${currentJob().name}`;
}
