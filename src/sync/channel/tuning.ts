/** How often a lock that is held, or a line without a permit, is looked at before the thread sleeps: 1 to 2 µs. */
export const SPINS = 200;
/** Longest sleep, in ms. Every unlock ends it; this is for a thread that has died in between. */
export const LONGEST_SLEEP_MS = 20;
/** How many permits may be due before they are added to their line although nobody waits. */
export const BATCH = 32;
/** How many looks at a line there are to one at what is due to it. */
export const LOOKS = 16;
