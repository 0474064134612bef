import type { Profiler } from 'node:inspector';

export type ProfileStep = 'start' | 'stop';

/** V8's profile of a thread. In every process its times are on the machine's monotonic clock. */
export type ThreadProfile = Profiler.Profile;
