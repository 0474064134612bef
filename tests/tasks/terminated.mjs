// Tasks that are terminated at any moment.
export function lockAgainAndAgain(mutex, ready) {
  Atomics.store(ready, 0, 1);
  for (;;) mutex.tryLock()?.release();
}

export function acquireAgainAndAgain(semaphore, ready) {
  Atomics.store(ready, 0, 1);
  for (;;) semaphore.acquireSync().release();
}

export function sendAgainAndAgain(channel, ready) {
  Atomics.store(ready, 0, 1);
  for (let i = 0; ; i++) {
    channel.trySend(i);
    channel.tryReceive();
  }
}

/** Does the atomic operations of which the accounts of threads are made, each with a plain write after it. */
export function operate(words) {
  Atomics.store(words, 0, 1);
  for (;;) {
    Atomics.add(words, 1, 1);
    words[2] += 1;
    Atomics.sub(words, 3, 1);
    words[4] -= 1;
    const before = Atomics.load(words, 5);
    Atomics.compareExchange(words, 5, before, before + 1);
    words[6] = before + 1;
    Atomics.store(words, 7, before);
    words[8] = before;
    Atomics.exchange(words, 9, before);
    words[10] = before;
  }
}
