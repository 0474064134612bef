import { equal, ok } from 'node:assert/strict';
import { describe, test } from '@jest/globals';
import {
  Barrier,
  block,
  CancellationToken,
  expectSearched,
  Flag,
  Inner,
  Latch,
  LINK,
  modelOf,
  SHARED,
  Signal,
  UNLINK,
  wake,
  wakeOthers,
  wordsOf,
} from './simulated.ts';

const nothing = () => {};

describe('the wakeup of a thread', () => {
  test('is heard by one that blocks, whenever it rings', () => {
    const model = modelOf(2);
    const words = wordsOf(model, 'words');
    const threads = {
      sleeper: () => ok(block(() => Atomics.load(words, 0) === 1, Number.POSITIVE_INFINITY)),
      ringer: () => {
        Atomics.store(words, 0, 1);
        wake(0);
      },
    };
    expectSearched(model.explore({ threads, check: nothing }), 10);
  });

  test('is heard by all others that block', () => {
    const model = modelOf(3);
    const words = wordsOf(model, 'words');
    const sleep = () => ok(block(() => Atomics.load(words, 0) === 1, Number.POSITIVE_INFINITY));
    const threads = {
      a: sleep,
      b: sleep,
      ringer: () => {
        Atomics.store(words, 0, 1);
        wakeOthers();
      },
    };
    expectSearched(model.explore({ threads, check: nothing }), 100);
  });

  test('tells of two changes by two threads', () => {
    const model = modelOf(3);
    const words = wordsOf(model, 'words', [0, 0]);
    const isMet = () => Atomics.load(words, 0) === 1 && Atomics.load(words, 1) === 1;
    const change = (index: number) => () => {
      Atomics.store(words, index, 1);
      wake(0);
    };
    const threads = {
      sleeper: () => ok(block(isMet, Number.POSITIVE_INFINITY)),
      a: change(0),
      b: change(1),
    };
    expectSearched(model.explore({ threads, check: nothing }), 50);
  });

  test('does not keep one that waits for a time longer than that', () => {
    const model = modelOf(2);
    const words = wordsOf(model, 'words');
    const threads = {
      sleeper: () => block(() => Atomics.load(words, 0) === 1, 5),
      ringer: () => {
        wake(0);
        Atomics.store(words, 0, 1);
        wake(0);
      },
    };
    const seen = new Set<unknown>();
    expectSearched(model.explore({ threads, check: ({ returned }) => seen.add(returned.get('sleeper')) }), 20);
    equal(seen.size, 2);
  });
});

describe('a barrier', () => {
  function partiesOf(parties: number) {
    const model = modelOf(parties);
    const words = wordsOf(model, 'barrier');
    const arrivals = wordsOf(model, 'arrivals', [0, 0]);
    const barrier = () =>
      new (Barrier as unknown as new (parties: number, words: Inner) => Barrier)(parties, new Inner(words));
    const round = (number: number) => () => {
      Atomics.add(arrivals, number, 1);
      ok(barrier().arriveAndWaitSync());
      equal(Atomics.load(arrivals, number), parties, 'gone on without one');
    };
    return { model, words, barrier, rounds: [round(0), round(1)] };
  }

  test('of two lets both go on together, round after round', () => {
    const { model, rounds } = partiesOf(2);
    expectSearched(model.explore({ threads: { a: rounds, b: rounds }, check: nothing }), 100);
  });

  test('of three lets all go on together, round after round (interrupted twice)', () => {
    const { model, rounds } = partiesOf(3);
    const threads = { a: rounds, b: rounds, c: rounds };
    expectSearched(model.explore({ threads, preemptions: 2, check: nothing }), 1000);
  });

  test('that one leaves waits for it to come again', () => {
    const { model, words, barrier } = partiesOf(2);
    const threads = {
      hasty: () => {
        if (!barrier().arriveAndWaitSync({ timeoutMs: 5 })) ok(barrier().arriveAndWaitSync());
      },
      patient: () => ok(barrier().arriveAndWaitSync()),
    };
    expectSearched(model.explore({ threads, check: (ending) => equal(ending.word(words, 0), 1 << 15) }), 100);
  });

  test('hears of its round in an event loop', () => {
    const { model, words, barrier } = partiesOf(2);
    const threads = {
      loop: () => {
        let isDone = false;
        // its promise is of no use here: it is looked at by the resolving function it was made with
        const { Promise: platformPromise } = globalThis;
        globalThis.Promise = class {
          constructor(start: (resolve: () => void) => void) {
            start(() => {
              isDone = true;
            });
          }
        } as unknown as PromiseConstructor;
        try {
          void barrier().arriveAndWait();
        } finally {
          globalThis.Promise = platformPromise;
        }
        model.turnUntil(() => isDone);
      },
      blocked: () => ok(barrier().arriveAndWaitSync()),
    };
    expectSearched(model.explore({ threads, check: (ending) => equal(ending.word(words, 0), 1 << 15) }), 100);
  });
});

describe('what comes about once', () => {
  type Dependent = { cancel(): void };
  type Linked = { readonly [LINK]: (dependent: Dependent) => void; readonly [UNLINK]: (dependent: Dependent) => void };
  const shared = <T extends object>(object: T): T & Linked => {
    const inside = object as T & Linked & { [SHARED](): void };
    inside[SHARED]();
    return inside;
  };
  const signalOver = (words: Int32Array) =>
    shared(new (Signal as unknown as new (parts: Inner) => Signal)(new Inner({ words })));
  const latchOver = (words: Int32Array) =>
    shared(new (Latch as unknown as new (count: number, words: Inner) => Latch)(0, new Inner(words)));

  test('a signal: who blocks for it goes on, whoever made it go', () => {
    const model = modelOf(3);
    const words = wordsOf(model, 'signal');
    const go = () => signalOver(words).go();
    const threads = { waiter: () => ok(signalOver(words).waitSync()), a: go, b: go };
    expectSearched(model.explore({ threads, check: nothing }), 50);
  });

  test.each([
    ['a signal that is waited for in an event loop is heard there', { hasStoppedBefore: false }],
    ['a signal is heard by an event loop that had stopped to listen', { hasStoppedBefore: true }],
  ])('%s', (_name, { hasStoppedBefore }) => {
    const model = modelOf(2);
    const words = wordsOf(model, 'signal');
    const others = wordsOf(model, 'other signal');
    const threads = {
      loop: () => {
        let isSet = false;
        const [other, signal] = [signalOver(others), signalOver(words)];
        if (hasStoppedBefore) {
          const never = { cancel: () => {} };
          other[LINK](never);
          other[UNLINK](never);
        }
        signal[LINK]({
          cancel: () => {
            isSet = true;
          },
        });
        model.turnUntil(() => isSet);
      },
      goer: () => signalOver(words).go(),
    };
    expectSearched(model.explore({ threads, check: nothing }), 20);
  });

  test('a latch: opens with the last count, for those who block and those in an event loop (interrupted twice)', () => {
    const model = modelOf(3);
    const words = wordsOf(model, 'latch', [2]);
    const threads = {
      blocked: () => {
        const latch = latchOver(words);
        latch.countDown();
        ok(latch.waitSync());
      },
      loop: () => {
        let isOpen = false;
        const latch = latchOver(words);
        latch[LINK]({
          cancel: () => {
            isOpen = true;
          },
        });
        model.turnUntil(() => isOpen);
      },
      counter: () => latchOver(words).countDown(),
    };
    expectSearched(model.explore({ threads, preemptions: 2, check: (ending) => equal(ending.word(words, 0), 0) }), 100);
  });

  test('a token that is cancelled frees who blocks', () => {
    const model = modelOf(2);
    const words = wordsOf(model, 'token');
    const Made = CancellationToken as unknown as new (parts: Inner) => CancellationToken;
    const token = () => shared(new Made(new Inner({ flag: new Flag(words) })));
    const threads = { waiter: () => ok(token().waitSync()), canceller: () => token().cancel() };
    expectSearched(model.explore({ threads, check: nothing }), 10);
  });
});
