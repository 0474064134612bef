import { now } from '../base/clock.js';

let lastMs = 0;

/** `now()`, but later than every stamp before it on this thread: of two stamps the smaller is the earlier. */
export function stamp(): number {
  const nowMs = now();
  lastMs = nowMs > lastMs ? nowMs : lastMs * (1 + Number.EPSILON);
  return lastMs;
}
