import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { Model, StopCause } from './explorer.ts';
import { expectSearched, freeWakeups, Inner, modelOf, usedQueueWords, wakeAll } from './simulated.ts';

const { Channel } = await import('../../../build/sync/channel/channel.js');
const inner = await import('../../../build/sync/inner.js');
type ChannelClass = typeof Channel;
type AnyChannel = InstanceType<typeof Channel<number | string>>;

const { PERMITS, WAITERS } = await import('../../../build/sync/waiting/queue-words.js');
const { between, CLOSED, HELD, Hold, ITEMS_APART, POSITION_BITS, RECEIVED, ROOM_APART, SENT, SLEEPS, SLOTS, SLOT } =
  await import('../../../build/sync/channel/channel-words.js');

/** The bytes of a channel have room for one at a time. */
const TWO_OF_SIX_BYTES = ['ab', 'ab'] as const;
/** They have room for both of these, or one of eight bytes. */
const TWO_OF_FOUR_BYTES = ['', ''] as const;

const BRIEFLY = { timeoutMs: 5 };

/** A channel that threads have used before. */
function channelOf(setup: { capacity: number; threads: number; Class?: ChannelClass }) {
  const { capacity, threads, Class = Channel } = setup;
  const model = modelOf(threads);
  const [items, room, space] = [
    usedQueueWords(model, { permits: 0, threads }),
    usedQueueWords(model, { permits: 0, threads }),
    usedQueueWords(model, { permits: 0, threads }),
  ];
  // whether a try may succeed: what it does is right whatever it sees of who waits
  for (const queue of [items, room]) model.allowLooks(queue, WAITERS);
  const memory = new Int32Array(new SharedArrayBuffer((SLOTS + SLOT * capacity) * 4));
  const words = model.views.words(model.share('ring', memory));
  const [senders, receivers] = ['senders', 'receivers'].map((name) =>
    model.views.words(model.share(name, new Int32Array(new SharedArrayBuffer(threads * 4)))),
  ) as [Int32Array, Int32Array];
  const floats = new model.views.Float64Array(memory.buffer);
  const bytes = new Uint8Array(new SharedArrayBuffer(8));
  const own = () =>
    new Class(
      new Inner({ words, floats, bytes, slots: capacity, capacity, senders, receivers, items, room, space }) as never,
    ) as AnyChannel;
  /** That no permit, place or lock is lost or doubled. Returns how many values are left. */
  const atRest = (ending: StopCause): number => {
    const [sent, received] = [ending.word(words, SENT), ending.word(words, RECEIVED)];
    const size = between(received, sent);
    ok(size >= 0 && size <= capacity, 'more values than there is room for');
    const isClosed = (sent & CLOSED) !== 0;
    for (const [queue, apartAt, there] of [
      [items, ITEMS_APART, size],
      [room, ROOM_APART, capacity - size],
    ] as const) {
      const apart = ending.word(words, apartAt);
      equal(ending.word(queue, PERMITS), apart + (isClosed ? 2 ** 29 : 0), 'permits');
      if (!isClosed) ok(apart >= 0 && apart <= there, 'more is set apart than is there');
    }
    for (const queue of [items, room, space]) equal(ending.word(queue, WAITERS), 0, 'waiters');
    for (const word of [sent, received]) equal(word & (HELD | SLEEPS), 0, 'a lock');
    for (let thread = 0; thread < threads; thread++)
      for (const holders of [senders, receivers]) equal(ending.word(holders, thread), Hold.NONE, 'what a thread does');
    return size;
  };
  return { model, own, atRest, memory };
}

/** Sees to it, as the thread that had started it, that thread 0 leaves nothing behind when it dies. */
function bury(model: Model, own: () => AnyChannel): void {
  if (!model.ended(0)) return;
  const copy = own() as unknown as Record<symbol, (peer: object, threads: readonly number[]) => void>;
  copy[inner.THREAD_GONE]?.({}, [0]);
  freeWakeups([0]);
  wakeAll();
}

const received = (ending: StopCause, ...names: readonly string[]): number[] =>
  names.flatMap((name) => (ending.returned.get(name) as number[] | undefined) ?? []);

const send =
  (own: () => AnyChannel, ...values: readonly (number | string)[]) =>
  (): void => {
    const channel = own();
    for (const value of values) ok(channel.sendSync(value));
  };

const receive = (own: () => AnyChannel, count: number) => (): unknown[] => {
  const channel = own();
  const all: unknown[] = [];
  while (all.length < count) all.push(channel.receiveSync());
  return all;
};

/** The bytes themselves are not simulated, so values of unlike length cannot be read. */
const receiveUnread = (own: () => AnyChannel, count: number) => (): void => {
  const channel = own();
  for (let i = 0; i < count; i++)
    try {
      channel.receiveSync();
    } catch (error) {
      equal(Reflect.get(error as object, 'code'), 'ERR_NOT_CLONEABLE');
    }
};

/** Each scenario searches all interleavings within its bounds, of the channel as built or with a fault. */
const scenarios = {
  'what one thread sends another receives in order, one place for two (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 2, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      deepEqual(received(ending, 'receiver'), [1, 2]);
    };
    const threads = { sender: send(own, 1, 2), receiver: receive(own, 2) };
    return model.explore({ threads, preemptions: 2, check });
  },
  'two threads send, one receives both (interrupted once)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 3, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      deepEqual(received(ending, 'receiver').toSorted(), [1, 2]);
    };
    const threads = { a: send(own, 1), b: send(own, 2), receiver: receive(own, 2) };
    return model.explore({ threads, preemptions: 1, check });
  },
  'two threads receive, each another value (interrupted once)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 3, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      deepEqual(received(ending, 'a', 'b').toSorted(), [1, 2]);
    };
    const threads = { a: receive(own, 1), b: receive(own, 1), sender: send(own, 1, 2) };
    return model.explore({ threads, preemptions: 1, check });
  },
  'two threads receive until the channel is closed (interrupted once)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 3, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      deepEqual(received(ending, 'a', 'b').toSorted(), [1, 2]);
    };
    const all = (): unknown[] => {
      const channel = own();
      const values: unknown[] = [];
      for (const value of channel.valuesSync()) values.push(value);
      return values;
    };
    const sender = (): void => {
      const channel = own();
      for (const value of [1, 2]) ok(channel.sendSync(value));
      channel.close();
    };
    return model.explore({ threads: { a: all, b: all, sender }, preemptions: 1, check });
  },
  'what is sent before the close is received, then CLOSED (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 2, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      deepEqual(ending.returned.get('receiver'), [1, 'closed']);
    };
    const threads = {
      sender: () => {
        const channel = own();
        ok(channel.sendSync(1));
        channel.close();
      },
      receiver: () => {
        const channel = own();
        return [channel.receiveSync(), channel.receiveSync() === Channel.CLOSED ? 'closed' : 'open'];
      },
    };
    return model.explore({ threads, preemptions: 2, check });
  },
  'a close ends the wait of a sender; what it says was sent can be received (interrupted twice)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 2, Class });
    const check = (ending: StopCause): void => equal(atRest(ending), ending.returned.get('sender'));
    const threads = {
      sender: () => {
        const channel = own();
        let sent = 0;
        try {
          while (sent < 2 && channel.sendSync(sent)) sent++;
        } catch {}
        return sent;
      },
      closer: () => own().close(),
    };
    return model.explore({ threads, preemptions: 2, check });
  },
  'a sender that waits for space sends once a value was received (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 2, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      equal(received(ending, 'receiver').length, 2); // the bytes themselves are not simulated
    };
    const threads = { sender: send(own, ...TWO_OF_SIX_BYTES), receiver: receive(own, 2) };
    return model.explore({ threads, preemptions: 2, check });
  },
  'a sender that waits for the space of two values sends once both were received (interrupted once)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest } = channelOf({ capacity: 4, threads: 2, Class });
    const check = (ending: StopCause): void => equal(atRest(ending), 0);
    const threads = { sender: send(own, ...TWO_OF_FOUR_BYTES, 'abcd'), receiver: receiveUnread(own, 3) };
    return model.explore({ threads, preemptions: 1, check });
  },
  'a close ends the wait of a sender for space (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 2, Class });
    const check = (ending: StopCause): void => equal(atRest(ending), ending.returned.get('sender'));
    const threads = {
      sender: () => {
        const channel = own();
        let sent = 0;
        try {
          while (sent < 2 && channel.sendSync(TWO_OF_SIX_BYTES[0])) sent++;
        } catch {}
        return sent;
      },
      closer: () => own().close(),
    };
    return model.explore({ threads, preemptions: 2, check });
  },
  'a receiver that gives up leaves the value to be received (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 2, Class });
    const check = (ending: StopCause): void => equal(atRest(ending) + Number(ending.returned.get('receiver')), 1);
    const threads = {
      receiver: () => Number(own().receiveSync(BRIEFLY) !== Channel.EMPTY),
      sender: send(own, 1),
    };
    return model.explore({ threads, preemptions: 2, check });
  },
  'tries beside a wait take no more than there is (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 2, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      equal(Number(ending.returned.get('trier')) + received(ending, 'receiver').length, 1);
    };
    const threads = {
      trier: () => {
        const channel = own();
        const sent = channel.trySend(1);
        ok(sent);
        return Number(channel.tryReceive() === 1);
      },
      receiver: () => {
        const value = own().receiveSync(BRIEFLY);
        return value === Channel.EMPTY ? [] : [value];
      },
    };
    return model.explore({
      threads,
      preemptions: 2,
      check: (ending) => {
        if (ending.returned.get('trier') === 0 && received(ending, 'receiver').length === 0) equal(atRest(ending), 1);
        else check(ending);
      },
    });
  },
  'a place that is set apart for who waits is not taken by a try (interrupted once)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 3, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), ending.returned.get('trier'));
      deepEqual(
        received(ending, 'receiver').filter((value) => value !== 3),
        ending.returned.get('trier') === 1 && received(ending, 'receiver').includes(3) ? [1] : [1, 2],
      );
    };
    const threads = {
      sender: send(own, 1, 2),
      trier: () => Number(own().trySend(3)),
      receiver: receive(own, 2),
    };
    return model.explore({ threads, preemptions: 1, check });
  },
  'what was set apart for a receiver that gave up goes to who waits, or tries (interrupted once)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest } = channelOf({ capacity: 4, threads: 3, Class });
    const check = (ending: StopCause): void => {
      const got = Number(ending.returned.get('brief')) + Number(ending.returned.get('sender'));
      equal(atRest(ending) + got + received(ending, 'receiver').length, 3);
    };
    const threads = {
      brief: () => Number(own().receiveSync(BRIEFLY) !== Channel.EMPTY),
      sender: () => {
        const channel = own();
        for (const value of [1, 2, 3]) ok(channel.sendSync(value));
        return Number(channel.tryReceive() !== Channel.EMPTY);
      },
      receiver: receive(own, 1),
    };
    return model.explore({ threads, preemptions: 1, check });
  },
  'a receiver that dies, wherever, loses only what it had received (interrupted once)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 3, Class });
    const check = (ending: StopCause): void => {
      const left = atRest(ending);
      if (ending.returned.has('victim')) equal(left, 0);
    };
    const threads = { victim: receive(own, 1), sender: send(own, 1), main: () => bury(model, own) };
    return model.explore({ threads, mayDie: ['victim'], preemptions: 1, check });
  },
  'a sender that dies, wherever, strands no receiver, and leaves no half a value (interrupted once)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 3, Class });
    const check = (ending: StopCause): void => {
      const left = atRest(ending);
      const got = received(ending, 'receiver').length;
      if (ending.returned.has('victim')) equal(left + got, 1);
    };
    const threads = {
      victim: send(own, 1),
      receiver: () => {
        const value = own().receiveSync(BRIEFLY);
        if (value === Channel.EMPTY) return [];
        equal(value, 1);
        return [value];
      },
      main: () => bury(model, own),
    };
    return model.explore({ threads, mayDie: ['victim'], preemptions: 1, check });
  },
  'what a dead sender has sent reaches who waits for it (interrupted once)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 3, Class });
    const check = (ending: StopCause): void => {
      atRest(ending);
      equal(received(ending, 'receiver').length, 1);
    };
    const threads = {
      victim: send(own, 1),
      receiver: receive(own, 1),
      main: () => {
        if (!model.ended(0)) return;
        bury(model, own);
        const channel = own();
        if (channel.size === 0) channel.trySend(2); // it has sent nothing, or that was received
      },
    };
    return model.explore({ threads, mayDie: ['victim'], preemptions: 1, check });
  },
  'the place of what a dead receiver has received goes to who waits for it (not interrupted)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest, memory } = channelOf({ capacity: 1, threads: 3, Class });
    const threads = {
      victim: receive(own, 1),
      sender: send(own, 1, 2),
      main: () => {
        if (!model.ended(0)) return;
        bury(model, own);
        if (Atomics.load(memory, RECEIVED) >> POSITION_BITS === 0) own().receiveSync(); // it has received nothing
      },
    };
    return model.explore({ threads, mayDie: ['victim'], preemptions: 0, check: (ending) => void atRest(ending) });
  },
  'a thread that dies as it closes leaves no receiver waiting once another has closed (not interrupted)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest } = channelOf({ capacity: 1, threads: 3, Class });
    const check = (ending: StopCause): void => {
      equal(atRest(ending), 0);
      equal(ending.returned.get('receiver'), true);
    };
    const threads = {
      victim: () => own().close(),
      receiver: () => own().receiveSync() === Channel.CLOSED,
      main: () => {
        if (!model.ended(0)) return;
        bury(model, own);
        own().close();
      },
    };
    return model.explore({ threads, mayDie: ['victim'], preemptions: 0, check });
  },
};
/** Scenarios with too many interleavings to search all: a fault is found early. */
const longScenarios = {
  'two threads send more than there are places, as one is there for each (interrupted twice)': (
    Class: ChannelClass,
  ) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 3, Class });
    const check = (ending: StopCause): void => equal(atRest(ending), 2);
    const threads = { a: send(own, 1, 2, 3), b: send(own, 4), receiver: receive(own, 2) };
    return model.explore({ threads, preemptions: 2, check });
  },
  'two threads receive, each another value (interrupted twice)': (Class: ChannelClass) => {
    const { model, own, atRest } = channelOf({ capacity: 2, threads: 3, Class });
    const check = (ending: StopCause): void => equal(atRest(ending), 0);
    const threads = { a: receive(own, 1), b: receive(own, 1), sender: send(own, 1, 2) };
    return model.explore({ threads, preemptions: 2, check });
  },
};
type Name = keyof typeof scenarios;
type LongName = keyof typeof longScenarios;

describe('a channel', () => {
  test.each(Object.keys(scenarios) as Name[])('%s', (name) => {
    expectSearched(scenarios[name](Channel), 100);
  });
});

// Faults, and the scenario that finds each.
const IN_ORDER: Name = 'what one thread sends another receives in order, one place for two (interrupted twice)';
const TWO_SENDERS: Name = 'two threads send, one receives both (interrupted once)';
const MORE_SENT: LongName = 'two threads send more than there are places, as one is there for each (interrupted twice)';
const SPACE_OF_TWO: Name =
  'a sender that waits for the space of two values sends once both were received (interrupted once)';
const TWO_RECEIVERS: Name = 'two threads receive, each another value (interrupted once)';
const TWO_RECEIVERS_LONG: LongName = 'two threads receive, each another value (interrupted twice)';
const CLOSE: Name = 'what is sent before the close is received, then CLOSED (interrupted twice)';
const DEAD_SENT: Name = 'what a dead sender has sent reaches who waits for it (interrupted once)';
const DEAD_RECEIVED: Name = 'the place of what a dead receiver has received goes to who waits for it (not interrupted)';
const CLOSE_FULL: Name = 'a close ends the wait of a sender; what it says was sent can be received (interrupted twice)';
const SPACE: Name = 'a sender that waits for space sends once a value was received (interrupted twice)';
const CLOSE_SPACE: Name = 'a close ends the wait of a sender for space (interrupted twice)';
const GIVES_UP: Name = 'a receiver that gives up leaves the value to be received (interrupted twice)';
const TRIES: Name = 'tries beside a wait take no more than there is (interrupted twice)';
const DEAD_RECEIVER: Name = 'a receiver that dies, wherever, loses only what it had received (interrupted once)';
const APART: Name = 'a place that is set apart for who waits is not taken by a try (interrupted once)';
const GAVE_UP: Name = 'what was set apart for a receiver that gave up goes to who waits, or tries (interrupted once)';
const DEAD_CLOSE: Name =
  'a thread that dies as it closes leaves no receiver waiting once another has closed (not interrupted)';
const DEAD_SENDER: Name =
  'a sender that dies, wherever, strands no receiver, and leaves no half a value (interrupted once)';

const mutants: readonly (readonly [string, file: string, from: string, to: string, Name | LongName])[] = [
  [
    'senders do not take turns',
    'channel-ring',
    'const found = Atomics.compareExchange(words, SENT, word, word | HELD);',
    'word = Atomics.load(words, SENT); const found = word;',
    TWO_SENDERS,
  ],
  [
    'receivers do not take turns',
    'channel-ring',
    'const found = Atomics.compareExchange(words, RECEIVED, word, word | HELD);',
    'word = Atomics.load(words, RECEIVED); const found = word;',
    TWO_RECEIVERS,
  ],
  [
    'a value is announced before it is there',
    'channel-ring',
    'words[slot + TAG] = tag;',
    'Atomics.exchange(words, SENT, (sent + ONE) | HELD); words[slot + TAG] = tag;',
    GIVES_UP,
  ],
  [
    'a place is free before its value was read',
    'channel-ring',
    'const tag = words[slot + TAG];',
    'Atomics.exchange(words, RECEIVED, (received + ONE) | HELD); const tag = words[slot + TAG];',
    IN_ORDER,
  ],
  [
    'a value that is set apart is taken by a try',
    'channel-ring',
    'const apart = words[ITEMS_APART];',
    'const apart = 0;',
    TRIES,
  ],
  [
    'a place that is set apart is taken by a try',
    'channel-ring',
    'const most = this.#capacity - words[ROOM_APART];',
    'const most = this.#capacity;',
    APART,
  ],
  ['what was set apart stays so after its use', 'apart', 'words[apartAt] = words[apartAt] - 1;', '', IN_ORDER],
  ['what was set apart for nobody stays so', 'apart', 'words[apartAt] = words[apartAt] - permits;', '', GAVE_UP],
  [
    'nobody is told of a value',
    'channel-ring',
    'if ((word & AWAITED) !== 0)\n            this.collectItems();',
    '',
    IN_ORDER,
  ],
  [
    'nobody is told of room',
    'channel-ring',
    'this.collectRoom();\n        if (Atomics.load(this.#space',
    'if (Atomics.load(this.#space',
    IN_ORDER,
  ],
  [
    'nobody is told of space',
    'channel-ring',
    'if (Atomics.load(this.#space, WAITERS) > 0)\n            this.#wakeForSpace();',
    '',
    SPACE,
  ],
  [
    'a receiver that waits does not call',
    'channel-ring',
    'Atomics.or(words, SENT, AWAITED)',
    'Atomics.load(words, SENT)',
    IN_ORDER,
  ],
  [
    'a sender that waits does not call',
    'channel-ring',
    'Atomics.or(words, RECEIVED, AWAITED)',
    'Atomics.load(words, RECEIVED)',
    IN_ORDER,
  ],
  [
    'a sender that waits for space does not call',
    'channel-ring',
    'Atomics.or(this.#words, RECEIVED, AWAITED)',
    'Atomics.load(this.#words, RECEIVED)',
    SPACE_OF_TWO,
  ],
  [
    'a receiver that unlocks does not do what it was asked to',
    'channel-ring',
    'if ((word & ASKED) !== 0)\n            this.collectItems();',
    '',
    TWO_RECEIVERS_LONG,
  ],
  [
    'a sender that unlocks does not do what it was asked to',
    'channel-ring',
    'if ((word & ASKED) !== 0)\n            this.collectRoom();',
    '',
    MORE_SENT,
  ],
  [
    'who sets values apart does not look at who came meanwhile',
    'channel-ring',
    'items.serveWaiters();\n            if (count <= 0 && (word & ASKED) === 0)',
    'items.serveWaiters();\n            if (count <= 0)',
    TWO_RECEIVERS,
  ],
  [
    'a call is lost if nothing was there',
    'short-lock',
    '~(HELD | SLEEPS | ASKED)',
    '~(HELD | SLEEPS | ASKED | 8)',
    IN_ORDER,
  ],
  [
    'a sender does not look for what was received before it was queued',
    'channel-ring',
    'received !== this.#receivedBefore',
    'false',
    SPACE,
  ],
  ['a sender does not look for a close before it was queued', 'channel-ring', '|| this.isClosed)', ')', CLOSE_SPACE],
  [
    'a receiver does not look for what was sent before it was queued',
    'channel',
    'this.#items.acquireSync(options, RECEIVE, () => this.#ring.collectItems())',
    'this.#items.acquireSync(options, RECEIVE)',
    IN_ORDER,
  ],
  [
    'a sender does not look for what was received before it was queued, for its place',
    'channel',
    'this.#room.acquireSync(remaining(), SEND, () => this.#ring.collectRoom())',
    'this.#room.acquireSync(remaining(), SEND)',
    IN_ORDER,
  ],
  [
    'who buries a sender does not look for what it has sent',
    'channel-ring',
    'this.collectItems();\n        this.collectRoom();\n        this.#wake',
    'this.collectRoom();\n        this.#wake',
    DEAD_SENT,
  ],
  [
    'who buries a receiver does not look for what it has received',
    'channel-ring',
    'this.collectItems();\n        this.collectRoom();\n        this.#wake',
    'this.collectItems();\n        this.#wake',
    DEAD_RECEIVED,
  ],
  ['a lease outlives its use', 'apart', 'queue[leasedAt] = queue[leasedAt] - 1;', '', DEAD_RECEIVER],
  [
    'a sender that holds the lock is not noted',
    'channel-ring',
    'senders[own] = Hold.LOCK;\n        else',
    ';\n        else',
    DEAD_SENDER,
  ],
  [
    'a receiver that holds the lock is not noted',
    'channel-ring',
    'receivers[own] = Hold.LOCK;\n        else',
    ';\n        else',
    DEAD_RECEIVER,
  ],
  [
    'a dead sender keeps its turn',
    'channel-ring',
    'unlockFor(this.#words, SENT, this.#senders, threads);',
    '',
    DEAD_SENDER,
  ],
  [
    'a dead receiver keeps its turn',
    'channel-ring',
    'unlockFor(this.#words, RECEIVED, this.#receivers, threads);',
    '',
    DEAD_RECEIVER,
  ],
  [
    'a close is not seen by senders',
    'channel-ring',
    '(word & CLOSED) !== 0)\n            outcome',
    'false)\n            outcome',
    CLOSE_FULL,
  ],
  [
    'the permits of a closed channel come before the close',
    'channel-ring',
    'Atomics.or(words, SENT, CLOSED);',
    'Atomics.add(this.#items, PERMITS, 1); Atomics.or(words, SENT, CLOSED);',
    CLOSE,
  ],
  ['a permit of a closed channel is used up', 'channel-ring', '(words[SENT_SEEN] & CLOSED) === 0', 'true', CLOSE],
  [
    'what a thread owes that dies as it closes is not paid',
    'channel-ring',
    'this.#addClosedPermits(thread);',
    '',
    DEAD_CLOSE,
  ],
  [
    'who sleeps for a lock is not noted',
    'short-lock',
    'word, word | SLEEPS) === word',
    'word, word) === word',
    TWO_SENDERS,
  ],
];

/** The class, of modules as they are built, with a change in one of them. */
async function mutated(file: string, from: string, to: string): Promise<ChannelClass> {
  const made = new Map<string, object>();
  const load = async (name: string): Promise<object> => {
    const url = new URL(`../../../build/sync/channel/${name}.js`, import.meta.url);
    let text = await readFile(fileURLToPath(url), 'utf8');
    if (name === file) {
      expect(text.split(from).length).toBe(2);
      text = text.replace(from, () => to);
    }
    const names: string[] = [];
    const values: unknown[] = [];
    for (const [, list = '', from = ''] of text.matchAll(/^import \{([^}]*)\} from ['"]([^'"]*)['"];$/gm)) {
      const own = /^\.\/(channel-ring|short-lock|apart)\.js$/.exec(from)?.[1];
      if (own !== undefined && !made.has(own)) made.set(own, await load(own));
      const module: object =
        own === undefined
          ? await import(from.startsWith('.') ? new URL(from, url).pathname : from)
          : (made.get(own) ?? {});
      for (const item of list
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean)) {
        const [imported = '', local = imported] = item.split(' as ');
        names.push(local);
        values.push(Reflect.get(module, imported));
      }
    }
    const code = text.replace(/^import .*$/gm, '').replace(/^export /gm, '');
    const exported = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
    return new Function(...names, `${code}\nreturn { ${exported.join(', ')} };`)(...values) as object;
  };
  return Reflect.get(await load('channel'), 'Channel') as ChannelClass;
}

describe('the model finds the fault that', () => {
  test('is none in the class that faults are put into', async () => {
    const Class = await mutated('none', '', '');
    for (const name of [IN_ORDER, CLOSE]) expectSearched(scenarios[name](Class), 100);
  });

  test.each(mutants)('%s', async (name, file, from, to, foundBy) => {
    const Class = await mutated(file, from, to);
    const cpu = process.cpuUsage();
    throws(
      () => ({ ...scenarios, ...longScenarios })[foundBy](Class),
      (error: Error) => {
        if (process.env['MODEL_FIGURES'] !== undefined)
          process.stderr.write(
            `${Math.round(process.cpuUsage(cpu).user / 1000)} ms ${name}: ${error.message.split('\nafter')[0]?.slice(0, 150)}\n`,
          );
        return /^(Data race|Nobody can go on|Thread \w+ (threw|comes)|The end is wrong)/.test(error.message);
      },
    );
  });
});
