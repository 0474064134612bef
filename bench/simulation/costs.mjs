// What things cost, in ms of CPU, and how many bytes they take. Measured by `calibrate.mjs` on two shared cores under load (AMD EPYC, Redis
// 7.0, Node.js 20), no-op jobs, medians of three runs: Redis 253 µs a job alone (197 to 333) and 21 µs a call in batches of 32 (20 to 28); a
// submitter 429 (373 to 522) and 59 µs (55 to 115); a host 880 µs alone (730 to 1,150). A cost is a part for each job of BullMQ, whether one call or a batch, and a part for each call in it, fitted to the two.

/** Of Redis. How the sum is divided is an estimate; only the order of waits depends on it. */
export const REDIS = Object.freeze({
  addMs: 0.08,
  addCallMs: 0.004,
  /** Ends a job and fetches the next one. */
  finishMs: 0.14,
  finishCallMs: 0.006,
  noticeMs: 0.019,
  noticeCallMs: 0.004,
  /** A fetch by itself, of a host that was idle. */
  fetchMs: 0.06,
  /** Estimates: a script that renews all locks of a host; one that looks for expired locks. */
  renewMs: 0.03,
  renewLockMs: 0.003,
  stalledMs: 0.05,
  stalledLockMs: 0.002,
});

/**
 * Of a host. All of it is taken to be its main thread's, which it is not quite: hosts do somewhat better. In batches the measured
 * run was too short for it: that part has the ratio of longer runs, an eighth.
 */
export const HOST = Object.freeze({ jobMs: 0.795, callMs: 0.085 });

/** Of a submitter. */
export const SUBMITTER = Object.freeze({ jobMs: 0.382, callMs: 0.047 });

/** Time from one machine to another within a data centre, an assumption: at least, and on average beyond that. */
export const NETWORK = Object.freeze({ leastMs: 0.1, meanMs: 0.05 });

/** What a waiting no-op job takes of Redis' memory; arguments come on top. Measured: 897 bytes alone, 98 in batches of 32. */
export const MEMORY = Object.freeze({ jobBytes: 825, callBytes: 72 });

/** @param {number} batch */
export const bytesPerCall = (batch) => MEMORY.jobBytes / batch + MEMORY.callBytes;

/**
 * What a call costs Redis in batches of that size, from its submission to its end, if hosts are idle. Where jobs always wait, no
 * host has to fetch one by itself.
 *
 * @param {number} batch
 */
export function redisMsPerCall(batch) {
  const { addMs, fetchMs, finishMs, noticeMs, addCallMs, finishCallMs, noticeCallMs } = REDIS;
  return (addMs + fetchMs + finishMs + noticeMs) / batch + addCallMs + finishCallMs + noticeCallMs;
}
