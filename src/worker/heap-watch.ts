import { memoryUsage } from 'node:process';
import { clearInterval, setInterval } from '../base/clock.js';

/** Interval at which the size of the heap is read, which takes some microseconds. */
const EVERY_MS = 100;
const BYTES_PER_MB = 1e6;

/** Calls `full` once, when the heap of this thread is larger than `limitMb`. Checks in the event loop, between jobs. */
export function watchHeap(limitMb: number, full: () => void): void {
  const timer = setInterval(() => {
    if (memoryUsage().heapUsed <= limitMb * BYTES_PER_MB) return;
    clearInterval(timer);
    full();
  }, EVERY_MS);
  timer.unref();
}
