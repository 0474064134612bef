import { equal, ok } from 'node:assert/strict';
import { describe, test } from '@jest/globals';
import type { Exploration, Model, StopCause } from './explorer.ts';
import {
  Condition,
  expectSearched,
  freeWakeups,
  Inner,
  Mutex,
  modelOf,
  setCurrentJobCheck,
  usedQueueWords,
  WaitQueue,
  wakeAll,
  wakeOthers,
  wordsOf,
} from './simulated.ts';

const { ABANDONED, BLOCKS, PERMITS, WAITERS } = await import('../../../build/sync/waiting/queue-words.js');

/** Of permits for those who wait the word has the count in so many bits. */
const COUNT_MASK = 2 ** 20 - 1;

const BRIEFLY = { timeoutMs: 5 };

const isAtRest =
  (words: Int32Array, permits: number) =>
  (ending: StopCause): void => {
    equal(ending.word(words, PERMITS) & COUNT_MASK, permits, 'permits');
    equal(ending.word(words, WAITERS), 0, 'waiters');
  };

/** A queue that threads have used before, and what they do with it. */
function queueOf(setup: { permits: number; threads: number; isForWaiters?: boolean }) {
  const { permits, isForWaiters = false } = setup;
  const model = modelOf(setup.threads);
  const words = usedQueueWords(model, setup);
  const inside = wordsOf(model, 'inside');
  const queue = () => new WaitQueue(words, { isForWaiters });
  /** Holds a permit for a while, if it gets one. */
  const hold = (options = {}, entered?: () => void): boolean => {
    const own = queue();
    if (!own.acquireSync(options, 'acquire a permit', entered)) return false;
    ok(Number(Atomics.add(inside, 0, 1)) < Math.max(permits, 1), 'too many hold a permit');
    Atomics.sub(inside, 0, 1);
    own.release();
    return true;
  };
  return { model, words, queue, hold, put: () => queue().releaseBare() };
}

/** Where no thread dies, none looks at the accounts of another: there are no data races to look for. */
function explore(model: Model, options: Parameters<Model['explore']>[0]): Exploration {
  return model.explore({ ...options, checksRaces: false });
}

/** Holds a permit, if it gets one, without being counted as one who does: it may die within. */
function holdUncounted(queue: () => WaitQueue, options = {}): void {
  const own = queue();
  if (own.acquireSync(options, 'acquire a permit')) own.release();
}

/** Sees to it, as the thread that had started it, that thread 0 leaves nothing behind when it dies. */
function bury(model: Model, queue: () => WaitQueue): void {
  if (!model.ended(0)) return;
  queue().threadsDied([0]);
  freeWakeups([0]);
  wakeAll();
}

describe('a queue with one permit', () => {
  test('is held by two threads in turn', () => {
    const { model, words, hold } = queueOf({ permits: 1, threads: 2 });
    const threads = { a: () => hold(), b: () => hold() };
    expectSearched(explore(model, { threads, check: isAtRest(words, 1) }), 1000);
  });

  test('is held by two threads in turn, again and again (interrupted three times)', () => {
    const { model, words, hold } = queueOf({ permits: 1, threads: 2 });
    const twice = [() => hold(), () => hold()];
    expectSearched(
      explore(model, { threads: { a: twice, b: twice }, preemptions: 3, check: isAtRest(words, 1) }),
      1000,
    );
  });

  test('is held by three threads in turn (interrupted twice)', () => {
    const { model, words, hold } = queueOf({ permits: 1, threads: 3 });
    const threads = { a: () => hold(), b: () => hold(), c: () => hold() };
    expectSearched(explore(model, { threads, preemptions: 2, check: isAtRest(words, 1) }), 1000);
  });

  test('gives each thread a block of its own', () => {
    const model = modelOf(2);
    const words = usedQueueWords(model, { permits: 1, threads: 0 });
    const use = () => {
      const queue = new WaitQueue(words);
      if (queue.tryAcquire()) queue.release();
    };
    const check = (ending: StopCause) => {
      equal(ending.word(words, PERMITS), 1);
      equal(ending.word(words, BLOCKS), 2);
    };
    expectSearched(explore(model, { threads: { a: use, b: use }, check }), 50);
  });

  test('is taken and put by threads that do not wait, beside one that does', () => {
    const { model, words, queue, hold } = queueOf({ permits: 1, threads: 2 });
    const take = () => {
      const own = queue();
      if (own.tryAcquireBare()) own.releaseBare();
    };
    expectSearched(explore(model, { threads: { a: () => hold(), b: [take, take] }, check: isAtRest(words, 1) }), 500);
  });
});

test('a queue with two permits is held by two of three threads at a time (interrupted twice)', () => {
  const { model, words, hold } = queueOf({ permits: 2, threads: 3 });
  const threads = { a: () => hold(), b: () => hold(), c: () => hold() };
  expectSearched(explore(model, { threads, preemptions: 2, check: isAtRest(words, 2) }), 1000);
});

test('a queue serves its waiters in order (interrupted twice)', () => {
  const { model, words, queue, put } = queueOf({ permits: 0, threads: 3 });
  const standing = wordsOf(model, 'standing');
  const served = wordsOf(model, 'served');
  const holdAs = (place: number, entered?: () => void) => {
    const own = queue();
    ok(own.acquireSync({}, 'acquire a permit', entered));
    equal(Number(Atomics.add(served, 0, 1)), place, 'served');
    own.release();
  };
  const threads = {
    first: () => holdAs(0, () => Atomics.store(standing, 0, 1)),
    second: () => {
      model.when(standing, 0, 1);
      holdAs(1);
    },
    giver: put,
  };
  expectSearched(explore(model, { threads, preemptions: 2, check: isAtRest(words, 1) }), 1000);
});

test('a permit is for who waits, not for who comes along (interrupted twice)', () => {
  const { model, words, queue, put } = queueOf({ permits: 0, threads: 3 });
  const standing = wordsOf(model, 'standing');
  const served = wordsOf(model, 'served');
  const threads = {
    waiter: () => {
      const own = queue();
      ok(own.acquireSync({}, 'acquire a permit', () => Atomics.store(standing, 0, 1)));
      Atomics.store(served, 0, 1);
      own.release();
    },
    passer: () => {
      const own = queue();
      model.when(standing, 0, 1);
      if (!own.tryAcquireBare()) return;
      equal(Atomics.load(served, 0), 1, 'served');
      own.releaseBare();
    },
    giver: put,
  };
  expectSearched(explore(model, { threads, preemptions: 2, check: isAtRest(words, 1) }), 500);
});

describe('a permit that is put in while a waiter gives up', () => {
  test('is neither lost nor doubled', () => {
    const { model, words, hold, put } = queueOf({ permits: 0, threads: 2 });
    const threads = { waiter: () => hold(BRIEFLY), giver: put };
    expectSearched(explore(model, { threads, check: isAtRest(words, 1) }), 300);
  });

  test('goes to the next one (interrupted twice)', () => {
    const { model, words, hold, put } = queueOf({ permits: 0, threads: 3 });
    const threads = { hasty: () => hold(BRIEFLY), patient: () => hold(), giver: put };
    const check = (ending: StopCause) => {
      isAtRest(words, 1)(ending);
      equal(ending.returned.get('patient'), true);
    };
    expectSearched(explore(model, { threads, preemptions: 2, check }), 1000);
  });

  test('by a token, or as its job is cancelled, is not lost either (interrupted three times)', () => {
    const { model, words, hold, put } = queueOf({ permits: 0, threads: 3 });
    const cancelled = wordsOf(model, 'cancelled');
    const isCancelled = () => Atomics.load(cancelled, 0) === 1;
    const checkJob = () => {
      if (isCancelled()) throw new Error('cancelled');
    };
    const holdUnlessCancelled = () => {
      setCurrentJobCheck(checkJob);
      try {
        return hold();
      } catch (error) {
        equal((error as Error).message, 'cancelled');
        return false;
      } finally {
        setCurrentJobCheck(() => {});
      }
    };
    const cancel = () => {
      Atomics.store(cancelled, 0, 1);
      wakeOthers();
    };
    const threads = { waiter: holdUnlessCancelled, giver: put, canceller: cancel };
    expectSearched(explore(model, { threads, preemptions: 3, check: isAtRest(words, 1) }), 1000);
  });
});

describe('a waiter in an event loop', () => {
  test('hears of its permit, beside one that blocks (interrupted twice)', () => {
    const { model, words, queue, hold, put } = queueOf({ permits: 0, threads: 3 });
    const holdInLoop = () => {
      const own = queue();
      let isGranted = false;
      own.join(() => {
        isGranted = true;
      });
      model.turnUntil(() => isGranted);
      own.release();
    };
    const threads = { loop: holdInLoop, blocked: () => hold(), giver: put };
    expectSearched(explore(model, { threads, preemptions: 2, check: isAtRest(words, 1) }), 1000);
  });

  test('may be many: those behind the fourth follow in order (interrupted twice)', () => {
    const { model, words, queue, put } = queueOf({ permits: 0, threads: 2 });
    const holdMany = () => {
      const own = queue();
      const served: number[] = [];
      for (let i = 0; i < 7; i++)
        own.join(() => {
          served.push(i);
          own.release();
        });
      model.turnUntil(() => served.length === 7);
      return served.join();
    };
    const check = (ending: StopCause) => {
      isAtRest(words, 1)(ending);
      equal(ending.returned.get('loop'), '0,1,2,3,4,5,6');
    };
    expectSearched(explore(model, { threads: { loop: holdMany, giver: put }, preemptions: 2, check }), 300);
  });

  test('is served with what is there when it comes forward (interrupted twice)', () => {
    const { model, words, queue, put } = queueOf({ permits: 0, threads: 2 });
    const holdMany = () => {
      const own = queue();
      let served = 0;
      for (let i = 0; i < 6; i++) own.join(() => served++);
      model.turnUntil(() => served === 6);
      for (let i = 0; i < 6; i++) own.release();
    };
    const threads = { loop: holdMany, giver: [put, put, put, put, put, put] };
    expectSearched(explore(model, { threads, preemptions: 2, check: isAtRest(words, 6) }), 300);
  });

  test('that gives up lets another of its thread come forward (interrupted twice)', () => {
    const { model, words, queue, put } = queueOf({ permits: 0, threads: 2 });
    const holdMany = () => {
      const own = queue();
      let served = 0;
      const waiters = Array.from({ length: 6 }, () =>
        own.join(() => {
          served++;
          own.release();
        }),
      );
      let left = 0;
      for (const waiter of waiters.slice(0, 5)) if (waiter !== undefined && own.leave(waiter)) left++;
      model.turnUntil(() => served + left === 6);
    };
    expectSearched(
      explore(model, { threads: { loop: holdMany, giver: put }, preemptions: 2, check: isAtRest(words, 1) }),
      300,
    );
  });
});

describe('a queue whose permits are for those who wait', () => {
  const isEmpty = (words: Int32Array) => isAtRest(words, 0);

  test('keeps none for a waiter that gives up meanwhile', () => {
    const { model, words, queue } = queueOf({ permits: 0, threads: 2, isForWaiters: true });
    const threads = {
      waiter: () => queue().acquireSync(BRIEFLY, 'wait'),
      notifier: () => queue().addForWaiters(1),
    };
    expectSearched(explore(model, { threads, check: isEmpty(words) }), 300);
  });

  test('hands it to the other one instead (interrupted twice)', () => {
    const { model, words, queue } = queueOf({ permits: 0, threads: 3, isForWaiters: true });
    const standing = wordsOf(model, 'standing');
    const told = wordsOf(model, 'told');
    const stand = () => Atomics.add(standing, 0, 1);
    const threads = {
      hasty: () => {
        if (queue().acquireSync(BRIEFLY, 'wait', stand)) Atomics.store(told, 0, 1);
      },
      patient: () => queue().acquireSync({}, 'wait', stand),
      notifier: () => {
        model.when(standing, 0, 2);
        queue().addForWaiters(1);
        model.ended(0);
        if (Atomics.load(told, 0) === 1) queue().addForWaiters(1);
      },
    };
    expectSearched(explore(model, { threads, preemptions: 2, check: isEmpty(words) }), 1000);
  });

  test('takes none from one that came later (interrupted five times)', () => {
    const { model, words, queue } = queueOf({ permits: 0, threads: 3, isForWaiters: true });
    const standing = wordsOf(model, 'standing');
    const threads = {
      patient: () => {
        const own = queue();
        let told = 0;
        const stand = () => {
          own.join(() => {
            told++;
            if (told < 2) stand();
          });
          Atomics.add(standing, 0, 1);
        };
        stand();
        model.turnUntil(() => told === 2);
      },
      notifier: () => {
        const own = queue();
        model.when(standing, 0, 1);
        own.addForWaiters(1);
        model.when(standing, 0, 2);
        own.addForWaiters(1);
      },
      // takes out what is left for nobody
      sweeper: () => queue().addForWaiters(0),
    };
    expectSearched(explore(model, { threads, preemptions: 5, check: isEmpty(words) }), 1000);
  });

  test('lets all go on at once (interrupted twice)', () => {
    const { model, words, queue } = queueOf({ permits: 0, threads: 3, isForWaiters: true });
    const standing = wordsOf(model, 'standing');
    const wait = () => queue().acquireSync({}, 'wait', () => Atomics.add(standing, 0, 1));
    const threads = {
      a: wait,
      b: wait,
      notifier: () => {
        model.when(standing, 0, 2);
        queue().addForWaiters(Number.POSITIVE_INFINITY);
      },
    };
    expectSearched(explore(model, { threads, preemptions: 2, check: isEmpty(words) }), 1000);
  });

  test('tells of a change under the lock of a mutex (interrupted three times)', () => {
    const model = modelOf(2);
    const lockWords = usedQueueWords(model, { permits: 1, threads: 2 });
    const words = usedQueueWords(model, { permits: 0, threads: 2 });
    const changed = wordsOf(model, 'changed');
    const make = () => {
      const mutex = new (Mutex as unknown as new (words: Inner) => Mutex)(new Inner(lockWords));
      const Made = Condition as unknown as new (mutex: Mutex, words: Inner) => Condition;
      return { mutex, condition: new Made(mutex, new Inner(words)) };
    };
    const threads = {
      waiter: () => {
        const { mutex, condition } = make();
        const lock = mutex.lockSync();
        while (Atomics.load(changed, 0) === 0) ok(condition.waitSync());
        lock.release();
      },
      notifier: () => {
        const { mutex, condition } = make();
        const lock = mutex.lockSync();
        Atomics.store(changed, 0, 1);
        condition.notify();
        lock.release();
      },
    };
    const check = (ending: StopCause) => {
      isAtRest(lockWords, 1)(ending);
      isEmpty(words)(ending);
    };
    expectSearched(explore(model, { threads, preemptions: 3, check }), 1000);
  });
});

describe('a thread that dies', () => {
  test('strands nobody, wherever it dies, and takes no permit with it (interrupted twice)', () => {
    const { model, words, queue, hold } = queueOf({ permits: 1, threads: 3 });
    const threads = { victim: () => holdUncounted(queue), other: () => hold(), main: () => bury(model, queue) };
    const check = isAtRest(words, 1);
    expectSearched(model.explore({ threads, mayDie: ['victim'], preemptions: 2, check }), 1000);
  });

  test('while it holds the permit wakes the next one', () => {
    const { model, words, queue } = queueOf({ permits: 1, threads: 2 });
    const held = wordsOf(model, 'held');
    const threads = {
      victim: () => {
        const own = queue();
        ok(own.acquireSync({}, 'acquire a permit'));
        Atomics.store(held, 0, 1);
        Atomics.load(held, 0); // here it may die
        Atomics.store(held, 0, 0);
        own.release();
      },
      main: () => {
        const isDead = model.ended(0);
        if (isDead) queue().threadsDied([0]);
        return isDead;
      },
    };
    const check = (ending: StopCause) => {
      isAtRest(words, 1)(ending);
      if (ending.word(held, 0) === 1) equal(ending.word(words, ABANDONED), 1);
    };
    expectSearched(model.explore({ threads, mayDie: ['victim'], check }), 5);
  });

  test('in the queue leaves the permit to those behind (interrupted once)', () => {
    const { model, words, queue, hold } = queueOf({ permits: 0, threads: 3 });
    const threads = {
      victim: () => holdUncounted(queue, BRIEFLY),
      other: () => {
        queue().releaseBare();
        ok(hold());
      },
      main: () => bury(model, queue),
    };
    const check = isAtRest(words, 1);
    expectSearched(model.explore({ threads, mayDie: ['victim'], preemptions: 1, check }), 1000);
  });

  test('leaves no permit behind that was for those who wait', () => {
    const { model, words, queue } = queueOf({ permits: 0, threads: 2, isForWaiters: true });
    const threads = {
      victim: () => queue().acquireSync({ timeoutMs: 5 }, 'wait'),
      main: () => {
        queue().addForWaiters(1);
        bury(model, queue);
      },
    };
    expectSearched(model.explore({ threads, mayDie: ['victim'], check: isAtRest(words, 0) }), 1000);
  });
});
