import type { Profiler } from 'node:inspector';

export type ProfileStep = 'start' | 'stop';

/** What V8's profiler has seen of a thread. Its times are those of the machine's monotonic clock, in every process. */
export type ThreadProfile = Profiler.Profile;
