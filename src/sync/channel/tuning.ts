/** How often a locked lock, or a queue without a permit, is checked before the thread sleeps: 1 to 2 µs. */
export const SPINS = 200;
/** Longest sleep, in ms. An unlock ends it; this limit is for a holder that has died. */
export const LONGEST_SLEEP_MS = 20;
/** How many spins there are for each look at whether there is a value, or room. */
export const CHECKS = 16;
