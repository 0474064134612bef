import { currentJob } from 'thread-system/worker';
import TinyQueue from 'tinyqueue';

export function smallest(list) {
  return `${new TinyQueue([...list]).pop()} of ${currentJob().name}`;
}
