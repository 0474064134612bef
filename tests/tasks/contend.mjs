// What threads contend for, on the main thread and in tasks alike.
import { CancellationToken } from 'thread-system/worker';

/** A repeatable source of chance (mulberry32). */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How long to wait, and what ends it: nothing, a time, none at all, a token that is cancelled soon. */
function randomWait(random) {
  const kind = random();
  if (kind < 0.6) return {};
  if (kind < 0.7) return { timeoutMs: 0 };
  if (kind < 0.85) return { timeoutMs: random() * 2 };
  return { token: CancellationToken.timeout(random() * 2) };
}

/** What the wait got; `null` where it was cancelled. */
async function attempt(wait) {
  try {
    return await wait();
  } catch (error) {
    if (error.code !== 'ERR_JOB_CANCELLED') throw error;
    return null;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Counts up `words[0]`, not atomically, while it holds the mutex. Answers how often. */
export async function countUnderLock({ mutex, words, rounds, seed, mayBlock }) {
  const random = chance(seed);
  let counted = 0;
  for (let i = 0; i < rounds; i++) {
    const isBlocking = mayBlock && random() < 0.5;
    const options = randomWait(random);
    const lease =
      random() < 0.1
        ? mutex.tryLock()
        : await attempt(() => (isBlocking ? mutex.lockSync(options) : mutex.lock(options)));
    if (lease === null) continue;
    const before = words[0];
    if (random() < 0.02) await turn();
    words[0] = before + 1;
    counted++;
    lease.release();
  }
  return counted;
}

/** Takes permits and puts them back. `words` is [inside, most ever inside]. Answers how often. */
export async function sharePermits({ semaphore, words, rounds, seed, mayBlock }) {
  const random = chance(seed);
  let taken = 0;
  for (let i = 0; i < rounds; i++) {
    const isBlocking = mayBlock && random() < 0.5;
    const options = randomWait(random);
    const isBare = random() < 0.1;
    const lease = isBare
      ? semaphore.tryAcquire() || null
      : await attempt(() => (isBlocking ? semaphore.acquireSync(options) : semaphore.acquire(options)));
    if (lease === null) continue;
    const inside = Atomics.add(words, 0, 1) + 1;
    if (inside > Atomics.load(words, 1)) Atomics.store(words, 1, inside);
    if (random() < 0.02) await turn();
    Atomics.sub(words, 0, 1);
    taken++;
    if (isBare) semaphore.release();
    else lease.release();
  }
  return taken;
}

/** Puts items into a store of limited room: `words` is [items, room, still to come]. */
export async function produce({ mutex, notFull, notEmpty, words, rounds, seed, mayBlock }) {
  const random = chance(seed);
  for (let i = 0; i < rounds; i++) {
    const lease = mayBlock ? mutex.lockSync() : await mutex.lock();
    while (words[0] >= words[1]) {
      const options = randomWait(random);
      await attempt(() => (mayBlock && random() < 0.5 ? notFull.waitSync(options) : notFull.wait(options)));
    }
    words[0]++;
    if (random() < 0.9) notEmpty.notify();
    else notEmpty.notifyAll();
    lease.release();
  }
}

/** Takes items out of it until no more will come. Answers how many. */
export async function consume({ mutex, notFull, notEmpty, words, seed, mayBlock }) {
  const random = chance(seed);
  let taken = 0;
  for (;;) {
    const lease = mayBlock ? mutex.lockSync() : await mutex.lock();
    while (words[0] === 0 && words[2] > 0) {
      const options = randomWait(random);
      await attempt(() => (mayBlock && random() < 0.5 ? notEmpty.waitSync(options) : notEmpty.wait(options)));
    }
    if (words[2] === 0) {
      notEmpty.notifyAll();
      lease.release();
      return taken;
    }
    words[0]--;
    words[2]--;
    taken++;
    notFull.notify();
    lease.release();
  }
}

/** Takes hold of something, or stands in line for it, and ends its thread. `words[0]` says that it is there. */
export async function die({ mutex, semaphore, how, words }) {
  if (how === 'holding') {
    mutex.lockSync();
    semaphore.acquireSync();
  } else {
    void mutex.lock();
    void semaphore.acquire();
  }
  Atomics.store(words, 0, 1);
  while (Atomics.load(words, 1) === 0) await turn();
  process.exit(9);
}

/** The same where the thread blocks in line: another ends it. */
export function standInLine({ mutex, words }) {
  Atomics.store(words, 0, 1);
  mutex.lockSync();
}
