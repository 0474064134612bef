// Tasks that say when their code runs, in memory that comes as the thread's `workerData`, or, in a process, in the file that
// its `env` names. The first argument is the job's number, which names its words there. The layout is that of
// tests/support/flags.ts.
import { openSync, readSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { Channel, currentJob, move } from 'thread-system/worker';

const HEAD = 16;
const PER_JOB = 6;
const TICKETS = 0;
const FAULTS = 1;
const INSIDE = 2;
const RUNNING = 0;
const BEGUN = 1;
const BEAT = 2;
const START = 3;
const SAW_CANCEL = 4;

class MemoryWords {
  load = (at) => Atomics.load(workerData, at);
  store = (at, value) => Atomics.store(workerData, at, value);
  add = (at) => Atomics.add(workerData, at, 1);
  exchange = (at, from, to) => Atomics.compareExchange(workerData, at, from, to);
  ticket = () => Atomics.add(workerData, TICKETS, 1) + 1;
  wasRaised = (word) => this.load(word) === 1;
  raise = (word) => this.store(word, 1);
}

/** Each word has one writer at a time: the attempt that runs. (Faults are counted too low where two processes find one at once.) */
class FileWords {
  #file = openSync(process.env.FLAGS_FILE, 'r+');
  #word = new Float64Array(1);
  /** The tokens that were seen raised in this process; others may hear later of a cancel. */
  #raised = new Map();

  load(at) {
    this.#word[0] = 0;
    readSync(this.#file, this.#word, 0, 8, at * 8);
    return this.#word[0];
  }

  store(at, value) {
    this.#word[0] = value;
    writeSync(this.#file, this.#word, 0, 8, at * 8);
  }

  add(at) {
    this.store(at, this.load(at) + 1);
  }

  exchange(at, from, to) {
    const found = this.load(at);
    if (found === from) this.store(at, to);
    return found;
  }

  /** One clock for all processes. */
  ticket = () => Number(process.hrtime.bigint());
  wasRaised = (word) => this.#raised.has(word);
  raise = (word, token) => this.#raised.set(word, token);
}

const words = workerData instanceof Int32Array ? new MemoryWords() : new FileWords();

const at = (number, word) => HEAD + PER_JOB * number + word;
const fault = () => words.add(FAULTS);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function enter(number) {
  words.store(at(number, RUNNING), 1);
  words.add(at(number, BEGUN));
  words.exchange(at(number, START), 0, words.ticket());
}

const leave = (number) => words.store(at(number, RUNNING), 0);
const beat = (number) => words.add(at(number, BEAT));
const look = (number, job) => {
  if (job.token.isCancelled) words.store(at(number, SAW_CANCEL), 1);
};

const flagged = (body) =>
  function (number, ...args) {
    enter(number);
    try {
      return body.call(this, number, ...args);
    } finally {
      leave(number);
    }
  };

const flaggedAsync = (body) =>
  async function (number, ...args) {
    enter(number);
    try {
      return await body.call(this, number, ...args);
    } finally {
      leave(number);
    }
  };

export const echo = flagged((_number, value) => value);

export const busy = flagged((number, turns) => {
  const job = currentJob();
  look(number, job);
  let sum = 0;
  for (let i = 0; i < turns; i++) sum += i;
  look(number, job);
  return sum;
});

export const sleep = flagged((_number, ms) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return ms;
});

/** Long, and stops when asked. */
export const polite = flagged((number, ms) => {
  const job = currentJob();
  for (const end = performance.now() + ms; performance.now() < end; ) {
    beat(number);
    look(number, job);
    job.throwIfCancelled();
  }
  return ms;
});

export const later = flaggedAsync(async (number, turns) => {
  const job = currentJob();
  for (let i = 0; i < turns; i++) {
    await turn();
    beat(number);
    look(number, job);
  }
  return turns;
});

export const politeAsync = flaggedAsync(async (number, ms) => {
  const job = currentJob();
  for (const end = performance.now() + ms; performance.now() < end; ) {
    await pause(1);
    beat(number);
    job.throwIfCancelled();
  }
  return ms;
});

/** Waits for its signal, which may be too late, or for its time. */
export const untilAborted = flaggedAsync(async (_number, ms) => {
  const { signal } = currentJob();
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
  return ms;
});

/** Never ends by itself. */
export const deaf = flagged((number) => {
  for (;;) beat(number);
});

export const deafAsync = flaggedAsync(async (number) => {
  for (;;) {
    await turn();
    beat(number);
  }
});

export const exit = flagged((_number, code) => process.exit(code));

export const exitLater = flaggedAsync(async (_number, turns) => {
  for (let i = 0; i < turns; i++) await turn();
  process.exit(7);
});

export const fail = flagged((_number, how) => {
  switch (how) {
    case 'error':
      throw Object.assign(new TypeError('on purpose'), { code: 'E_ON_PURPOSE' });
    case 'value':
      throw { not: 'an error' };
    case 'undefined':
      throw undefined;
    case 'function':
      throw () => 1;
    case 'circular': {
      const error = new Error('circular');
      error.cause = error;
      throw error;
    }
    case 'getter':
      throw Object.defineProperty(new Error('with a getter'), 'bad', {
        enumerable: true,
        get() {
          throw new Error('read');
        },
      });
    case 'stack': {
      const deeper = () => deeper() + 1;
      return deeper();
    }
    case 'unclonable':
      return { nested: { fn: () => 1 } };
    case 'proxy':
      return new Proxy({}, {});
    case 'thenable':
      return {
        // biome-ignore lint/suspicious/noThenProperty: what a task may return
        get then() {
          throw new Error('then');
        },
      };
    default:
      throw new Error(`unknown: ${how}`);
  }
});

export const failLater = flaggedAsync(async (_number, turns) => {
  for (let i = 0; i < turns; i++) await turn();
  throw new RangeError('later, on purpose');
});

/** Fails until its attempt is `attempts`. */
export const flaky = flagged((_number, attempts) => {
  const { attempt } = currentJob();
  if (attempt < attempts) throw new Error(`attempt ${attempt}`);
  return attempt;
});

export const dieOnce = flagged(() => {
  const { attempt } = currentJob();
  if (attempt === 1) process.exit(9);
  return attempt;
});

export const report = flagged((_number, count) => {
  const job = currentJob();
  for (let i = 0; i < count; i++) job.report(i % 5 === 4 ? { i } : i);
  return count;
});

export const yields = function* (number, count) {
  enter(number);
  try {
    for (let i = 0; i < count; i++) yield i;
    return count;
  } finally {
    leave(number);
  }
};

/** Nobody catches what it throws while it is open. */
export const uncaught = flaggedAsync(async (_number, turns) => {
  setTimeout(() => {
    throw new Error('nobody catches this');
  });
  await pause(turns);
  return turns;
});

/** Leaves an error behind. */
export const lateError = flagged((_number) => {
  void Promise.reject(new Error('left behind'));
  return 'done';
});

export const bytes = flagged((_number, given) => move(given, [given.buffer]));

/** Once a token was seen raised, by whomever, it is never seen lowered. */
export const sees = flagged((_number, token, word) => {
  const wasRaised = words.wasRaised(word);
  const isRaised = token.isCancelled;
  if (wasRaised && !isRaised) fault();
  if (isRaised) words.raise(word, token);
  return isRaised;
});

export const cancels = flagged((_number, token, word) => {
  token.cancel('by a task');
  if (!token.isCancelled) fault();
  words.raise(word, token);
  return true;
});

export const cancelsItself = flagged((_number) => {
  currentJob().token.cancel('by itself');
  return 'went on';
});

/** Nobody else is where it is, unless a thread died there. */
function inside(number, lease) {
  const other = words.exchange(INSIDE, 0, number + 1);
  if (other === 0) return;
  if (!lease.abandoned) fault();
  words.store(INSIDE, number + 1);
}

function outside(number) {
  if (words.exchange(INSIDE, number + 1, 0) !== number + 1) fault();
}

export const locks = flaggedAsync(async (number, mutex, { turns, dies }) => {
  const { token } = currentJob();
  const lease = await mutex.lock({ token, timeoutMs: 2000 });
  if (lease === null) return false;
  inside(number, lease);
  for (let i = 0; i < turns; i++) await turn();
  if (dies) process.exit(4);
  outside(number);
  lease.release();
  return true;
});

export const locksSync = flagged((number, mutex, { turns, dies }) => {
  const lease = mutex.lockSync({ timeoutMs: 2000 });
  if (lease === null) return false;
  inside(number, lease);
  for (let i = 0; i < turns * 100; i++) beat(number);
  if (dies) process.exit(4);
  outside(number);
  lease.release();
  return true;
});

export const acquires = flaggedAsync(async (_number, semaphore, { turns, dies }) => {
  const { token } = currentJob();
  const lease = await semaphore.acquire({ token, timeoutMs: 2000 });
  if (lease === null) return false;
  for (let i = 0; i < turns; i++) await turn();
  if (dies) process.exit(5);
  lease.release();
  return true;
});

// The ledger of channels: the layout is that of tests/support/chaos-channels.ts.
const NEXT = 0;
const SENDERS = 1;
const OPEN = 2;
const VALUES = 4;
const PER_VALUE = 2;
const SENDER = 1;
const SEND_BEGUN = 1;
const SENT = 2;
const NOT_SENT = 4;
const RECEIVED = 8;

/** Claims values, one after the other, and notes of each whether it was sent. Those who send stop when one was not. */
function* claimed(ledger, count) {
  const sender = Atomics.add(ledger, SENDERS, 1) + 1;
  for (let i = 0; i < count; i++) {
    const value = Atomics.add(ledger, NEXT, 1);
    const at = VALUES + PER_VALUE * value;
    if (at >= ledger.length) return;
    Atomics.store(ledger, at + SENDER, sender);
    Atomics.or(ledger, at, SEND_BEGUN);
    let isSent = false;
    try {
      isSent = yield value % 2 === 0 ? value : { value, text: 'x'.repeat(value % 700) };
    } finally {
      Atomics.or(ledger, at, isSent ? SENT : NOT_SENT);
    }
  }
}

export const sends = flaggedAsync(async (_number, channel, ledger, { count, timeoutMs, dies }) => {
  const { token } = currentJob();
  const values = claimed(ledger, count);
  try {
    for (let next = values.next(); !next.done; ) {
      const isSent = await channel.send(next.value, { token, timeoutMs });
      next = isSent ? values.next(true) : values.return();
    }
  } finally {
    values.return();
  }
  if (dies) process.exit(6);
});

export const sendsSync = flagged((_number, channel, ledger, { count, timeoutMs, dies }) => {
  const values = claimed(ledger, count);
  try {
    for (let next = values.next(); !next.done; ) {
      const isSent = channel.sendSync(next.value, { timeoutMs });
      next = isSent ? values.next(true) : values.return();
    }
  } finally {
    values.return();
  }
  if (dies) process.exit(6);
});

/** Returns a function that notes a value as received, and finds values of one sender that come in another order. */
function receiver(ledger) {
  const lastOf = new Map();
  return (sent) => {
    const value = typeof sent === 'number' ? sent : sent.value;
    if (typeof sent !== 'number' && sent.text.length !== value % 700) fault();
    const at = VALUES + PER_VALUE * value;
    Atomics.add(ledger, at, RECEIVED);
    const sender = Atomics.load(ledger, at + SENDER);
    if ((lastOf.get(sender) ?? -1) > value) fault();
    lastOf.set(sender, value);
  };
}

/** Receives up to `max` values at once, until there are none in time. */
export const receives = flaggedAsync(async (_number, channel, ledger, { count, timeoutMs, max, dies }) => {
  const { token } = currentJob();
  const note = receiver(ledger);
  for (let i = 0; i < count; i++) {
    let received;
    Atomics.add(ledger, OPEN, max);
    try {
      received = await channel.receiveMany(max, { token, timeoutMs });
      if (received !== Channel.CLOSED) for (const value of received) note(value);
    } finally {
      Atomics.sub(ledger, OPEN, max);
    }
    if (received === Channel.CLOSED && !channel.isClosed) fault();
    if (received === Channel.CLOSED || received.length === 0) break;
  }
  if (dies) process.exit(8);
});

export const receivesSync = flagged((_number, channel, ledger, { count, timeoutMs, dies }) => {
  const note = receiver(ledger);
  for (let i = 0; i < count; i++) {
    let received;
    Atomics.add(ledger, OPEN, 1);
    try {
      received = channel.receiveSync({ timeoutMs });
      if (typeof received !== 'symbol') note(received);
    } finally {
      Atomics.sub(ledger, OPEN, 1);
    }
    if (received === Channel.CLOSED && !channel.isClosed) fault();
    if (typeof received === 'symbol') break;
  }
  if (dies) process.exit(8);
});

/**
 * Submits children. Each is `{ kind, number, value, options }`: what it runs, its own number, and what it is given besides.
 */
export const family = flaggedAsync(async (number, { children, isCancelling, isLeaving }) => {
  const job = currentJob();
  const submitted = children.map((child) => job.submit(KINDS[child.kind], [child.number, child.value], child.options));
  if (isCancelling) submitted[0]?.cancel('by its parent');
  if (isLeaving) return children.length;
  const outcomes = await Promise.allSettled(submitted);
  beat(number);
  for (const [i, { status, value }] of outcomes.entries())
    if (status === 'fulfilled' && !isOf(children[i], value)) fault();
  return children.length;
});

const KINDS = { echo, busy, polite, fail, exit, family };

/** Whether a child may have returned that. */
function isOf({ kind, value }, returned) {
  if (kind === 'family') return returned === value.children.length;
  if (kind === 'busy') return returned === (value * (value - 1)) / 2;
  return (kind === 'echo' || kind === 'polite') && returned === value;
}

/** For `setup`, `teardown` and `broadcast`. */
export const prepare = async (turns) => {
  for (let i = 0; i < turns; i++) await turn();
  return turns;
};

/** For `around`. */
export const surround = async (_job, next) => {
  const result = await next();
  return result;
};

/** For `map`. */
export const square = (value) => {
  if (value === 666) throw new Error('on purpose, of a map');
  return value * value;
};
