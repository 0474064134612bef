/** How often a locked lock, or a queue without a permit, is checked before the thread sleeps: 1 to 2 µs. */
export const SPINS = 200;
/** Longest sleep, in ms. An unlock ends it; this limit is for a holder that has died. */
export const LONGEST_SLEEP_MS = 20;
/** How many permits may be due before they are added although nobody waits. */
export const BATCH = 32;
/** How many checks of a queue's permits there are for each check of those due. */
export const CHECKS = 16;
