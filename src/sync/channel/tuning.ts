/** How often a locked lock, or a line without a permit, is checked before the thread sleeps: 1 to 2 µs. */
export const SPINS = 200;
/** Longest sleep, in ms. Every unlock ends it; this is for a thread that has died in between. */
export const LONGEST_SLEEP_MS = 20;
/** How many permits may be due before they are added to their line although nobody waits. */
export const BATCH = 32;
/** How many checks of a line there are per check of what is due to it. */
export const CHECKS = 16;
