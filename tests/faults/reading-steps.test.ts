import { MessageChannel, type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import type { ChildSubmission } from '../../build/contract/child-submission.js';
import type { JobOverrides } from '../../build/contract/job-overrides.js';
import type { ResultReader } from '../../build/host/result-lane.js';
import type { WorkerMemory } from '../../build/wire/lane/layout.js';
import { Random } from '../support/random.ts';

/** Bursts are made from these; another by FUZZ_SEED=7. */
const SEEDS = process.env['FUZZ_SEED'] === undefined ? [1, 2] : [Number(process.env['FUZZ_SEED'])];

/** A burst that takes no more steps than this may have fewer than others: that is not the last. */
const MOST_STEPS = 300;

class Injected extends Error {}

/** Counts the steps of reading, and throws at one of them, or from that on until it is told to stop. */
class Faults {
  count = 0;
  #at = Number.POSITIVE_INFINITY;
  #sticks = false;
  hasThrown = false;

  arm(at: number, how: 'once' | 'sticks'): void {
    this.count = 0;
    this.#at = at;
    this.#sticks = how === 'sticks';
    this.hasThrown = false;
  }

  disarm(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  step(): void {
    this.count++;
    if (this.count !== this.#at && !(this.#sticks && this.count > this.#at)) return;
    this.hasThrown = true;
    throw new Injected(`at step ${this.count}`);
  }
}

/** Those of the reader that is at work. */
let working: Faults | undefined;

function reading<T>(faults: Faults, read: () => T): T {
  working = faults;
  try {
    return read();
  } finally {
    working = undefined;
  }
}

const realOf = new WeakMap<object, Int32Array>();

/** The words of a lane, each of which is a step when it is read. */
function stepwise(words: Int32Array): Int32Array {
  const seen = new Proxy(words, {
    get(target, key) {
      if (typeof key === 'string' && key >= '0' && key < ':') working?.step();
      return Reflect.get(target, key, target) as unknown;
    },
  });
  realOf.set(seen, words);
  return seen;
}

// And so is each call of a method of a built-in object.
type Methods = Record<string, (self: unknown, ...args: unknown[]) => unknown>;
const METHODS = '../../build/base/methods.js';
const methods = (await import(METHODS)) as Methods;
jest.unstable_mockModule(METHODS, () =>
  Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      (self: unknown, ...args: unknown[]): unknown => {
        working?.step();
        return method(realOf.get(self as object) ?? self, ...args);
      },
    ]),
  ),
);
const { giveAccess } = await import('../../build/base/in-flight-job.js');
const { PayloadPort } = await import('../../build/wire/message/payload-port.js');
const { encodeError } = await import('../../build/wire/message/error-codec.js');
const { NotCloneableError } = await import('../../build/errors.js');
const { createMemory } = await import('../../build/wire/lane/layout.js');
const { RequestLane } = await import('../../build/host/request-lane.js');
const { RequestReader } = await import('../../build/worker/request-reader.js');
const { ResultLane } = await import('../../build/host/result-lane.js');
const { ResultWriter } = await import('../../build/worker/results/result-writer.js');
const { SlotTable } = await import('../../build/wire/lane/slot-table.js');

/** Objects take more of the stack to read than to write: so deep that one can be sent, and not received. */
function findDeep(): object {
  const { port1, port2 } = new MessageChannel();
  try {
    for (let depth = 500; ; depth += 50) {
      let deep: object = {};
      for (let i = 0; i < depth; i++) deep = { deep };
      port1.postMessage(deep);
      try {
        receiveMessageOnPort(port2);
      } catch {
        for (let i = 0; i < 100; i++) deep = { deep };
        return deep;
      }
    }
  } finally {
    port1.close();
  }
}
const deep = findDeep();

/** The two ends of a payload channel. Of one a message is chosen in whose place another goes that cannot be read. */
class Channel {
  readonly #channel = new MessageChannel();
  readonly writer: InstanceType<typeof PayloadPort>;
  readonly reader: InstanceType<typeof PayloadPort>;
  readonly port: MessagePort = this.#channel.port2;
  /** The number of the message that cannot be read, and how many were posted. */
  spoilt = Number.NaN;
  posted = 0;

  constructor() {
    const port = {
      postMessage: (value: unknown, transfer: readonly Transferable[]): void =>
        this.#channel.port1.postMessage(this.posted++ === this.spoilt ? deep : value, transfer),
    };
    const peer = { isOpen: true, sharesMemory: true, post: (): void => {} };
    this.writer = new PayloadPort(port as unknown as MessagePort, peer);
    this.reader = new (class extends PayloadPort {
      override open(message: unknown, tag: number): unknown {
        working?.step();
        return super.open(message, tag);
      }
    })(this.#channel.port2, peer);
    for (const end of [this.#channel.port1, this.#channel.port2]) end.unref();
  }

  /** Nothing that was sent is left. */
  get isEmpty(): boolean {
    return receiveMessageOnPort(this.port) === undefined;
  }

  close(): void {
    this.#channel.port1.close();
  }
}

/** A value as text, whatever realm it is of. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === undefined) return '(undefined)';
    const kind = Object.prototype.toString.call(part);
    if (kind === '[object Map]') return ['Map', ...(part as Map<unknown, unknown>)];
    if (kind === '[object SharedArrayBuffer]')
      return ['shared', ...new Int32Array(part as SharedArrayBuffer).subarray(0, 1)];
    if (kind === '[object Int32Array]') return ['view', ...(part as Int32Array)];
    return part;
  });
}

const told = (args: readonly unknown[], task: number, { attempt, name, context }: JobOverrides): string =>
  text([args, task, attempt, name, context]);

const shared = Array.from({ length: 3 }, (_, i) => {
  const buffer = new SharedArrayBuffer(8);
  new Int32Array(buffer)[0] = 100 + i;
  return buffer;
});

/** Values of all ways to travel. */
function valueFor(random: Random, depth = 0): unknown {
  const leaf = random.weighted({
    number: 4,
    text: 4,
    long: 1,
    wide: 2,
    flag: 1,
    date: 2,
    shared: 2,
    map: 1,
    list: 4,
    object: 8,
  });
  switch (depth > 3 ? 'number' : leaf) {
    case 'number':
      return random.pick([random.integer(-9, 9), random.next(), 2 ** 40, null, undefined, -0.5]);
    case 'text':
      return 'abc'.repeat(random.integer(0, 9));
    case 'long':
      return 'long '.repeat(random.integer(20, 60));
    case 'wide':
      return '\u0416'.repeat(random.integer(1, 50));
    case 'flag':
      return random.chance(0.5);
    case 'date':
      return new Date(random.integer(0, 1e9));
    case 'shared':
      return random.chance(0.5) ? random.pick(shared) : new Int32Array(random.pick(shared), 0, 1);
    case 'map':
      return depth > 0 ? {} : new Map([[1, 'one']]);
    case 'list':
      return Array.from({ length: random.integer(0, 4) }, () => valueFor(random, depth + 1));
    default: {
      // mostly of a shape that nobody has seen
      const name = random.pick(['a', 'b', `k${random.integer(0, 1e6)}`]);
      return {
        [name]: valueFor(random, depth + 1),
        n: random.integer(0, 9),
        [`${name}2`]: valueFor(random, depth + 1),
      };
    }
  }
}

interface Task {
  readonly id: number;
  readonly origin: object;
}

/** What stands for a job here. */
interface FakeJob {
  readonly id: number;
  readonly args: readonly unknown[];
  readonly overrides: JobOverrides | undefined;
  readonly kind: { readonly task: Task; readonly priority: number; readonly urgency: number };
}

giveAccess<FakeJob>({
  isInFlightJob: (value): boolean => typeof value === 'object',
  idOf: ({ id }) => id,
  kindOf: ({ kind }) => kind,
  argsOf: ({ args }) => args,
  isPlain: ({ overrides }) => overrides === undefined,
  overridesOf: ({ overrides }) => overrides,
  transferOf: () => undefined,
  timeoutMsOf: () => undefined,
  mailOf: () => undefined,
  orderOf: ({ id }) => id,
  ownerOf: () => undefined,
  setOwner: () => {},
  seqOf: () => 0,
  setSeq: () => {},
});

const tasks = [1, 2].map((id): Task => ({ id, origin: { kind: 'inline', text: `task ${id}`, name: '', each: false } }));
const open: Channel[] = [];
afterAll(() => {
  for (const channel of open) channel.close();
});

/** Both ends of a request lane. */
class Requests {
  readonly faults = new Faults();
  readonly channel = new Channel();
  readonly #lane: InstanceType<typeof RequestLane>;
  readonly #reader: InstanceType<typeof RequestReader>;
  #lastId = 0;

  constructor() {
    open.push(this.channel);
    const memory: WorkerMemory = createMemory();
    this.#lane = new RequestLane(memory, this.channel.writer, { bufferGone: () => {}, sendMail: () => {} });
    this.#reader = new RequestReader(
      { ...memory, requests: stepwise(memory.requests), texts: stepwise(memory.texts) },
      this.channel.port,
      this.channel.reader,
    );
  }

  write(random: Random, count: number): FakeJob[] {
    const jobs = Array.from({ length: count }, (): FakeJob => {
      const args = Array.from(
        { length: random.weighted({ few: 9, many: 1 }) === 'few' ? random.integer(0, 4) : 6 },
        () => valueFor(random),
      );
      const overrides = random.chance(0.3)
        ? { attempt: 2, ...(random.chance(0.5) ? { name: 'named' } : {}), context: { store: valueFor(random, 2) } }
        : undefined;
      const priority = random.pick([0, 1]);
      return { id: ++this.#lastId, args, overrides, kind: { task: random.pick(tasks), priority, urgency: priority } };
    });
    for (const job of jobs) {
      this.#lane.define(job.kind.task);
      this.#lane.write(job);
    }
    this.#lane.publish();
    return jobs;
  }

  /** Reads all that was written, as the loop does: what escapes ends the thread. */
  read(): { readonly id: number; readonly got: string | (Error & { readonly path?: string }) }[] {
    const reader = this.#reader;
    const read: { readonly id: number; readonly got: string | (Error & { readonly path?: string }) }[] = [];
    while (reader.next()) {
      if (reader.entryKind !== 'job') {
        reader.readDefinition();
        continue;
      }
      let got: string | (Error & { readonly path?: string });
      try {
        const values = reader.readValues();
        got = told(values, reader.taskId, reader.overrides);
      } catch (error) {
        if (!(error instanceof NotCloneableError)) throw error;
        got = error;
      }
      read.push({ id: reader.id, got });
    }
    reader.publishRead();
    return read;
  }

  /** Each arrives as it was sent, but for those that `lost` counts: these say which value. */
  expectRead(jobs: readonly FakeJob[], read: ReturnType<Requests['read']>, lost: number): void {
    expect(read.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    let errors = 0;
    for (const [index, { got }] of read.entries()) {
      const { args, kind, overrides } = jobs[index] as FakeJob;
      if (typeof got === 'string') {
        expect(got).toBe(told(args, kind.task.id, overrides ?? {}));
      } else {
        errors++;
        expect(got.path).toMatch(/^(?:args|args\[[0-4]\]|attempt|name|context)$/);
        const at = /^args\[(\d)\]$/.exec(got.path ?? '');
        if (at !== null) expect(Number(at[1])).toBeLessThan(args.length);
        expect(got.message).toContain(`Cannot read ${got.path} where it arrived`);
      }
    }
    expect(errors).toBe(lost);
    expect(this.channel.isEmpty).toBe(true);
  }
}

describe.each(SEEDS)('a worker that reads requests (seed %i)', (seed) => {
  test('loses one job by a fault at any one step of its values: all others are read as they were sent', () => {
    const random = new Random(seed);
    let lanes = new Requests();
    let lost = 0;
    let deaths = 0;
    for (let k = 1; ; k++) {
      const jobs = lanes.write(random, 8);
      lanes.faults.arm(k, 'once');
      let read: ReturnType<Requests['read']>;
      try {
        read = reading(lanes.faults, () => lanes.read());
      } catch (fault) {
        // the head of an entry, or a task: nothing that a job could be told of
        expect(fault).toBeInstanceOf(Injected);
        deaths++;
        lanes = new Requests();
        continue;
      }
      lanes.faults.disarm();
      lanes.expectRead(jobs, read, lanes.faults.hasThrown ? 1 : 0);
      if (!lanes.faults.hasThrown) {
        if (k > MOST_STEPS) break;
        continue;
      }
      lost++;
      lanes.expectRead(lanes.write(random, 2), lanes.read(), 0);
    }
    expect(lost).toBeGreaterThan(100);
    expect(deaths).toBeGreaterThan(10);
  });

  test('reads nothing further where it cannot even pass over the value', () => {
    const random = new Random(seed);
    let deaths = 0;
    for (let k = 1; ; k++) {
      const lanes = new Requests();
      const jobs = lanes.write(random, 3);
      lanes.faults.arm(k, 'sticks');
      try {
        const read = reading(lanes.faults, () => lanes.read());
        if (!lanes.faults.hasThrown) break;
        // only what is beside the lane cannot be read: it takes no passing over
        lanes.faults.disarm();
        expect(read.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
      } catch (fault) {
        expect(fault).toBeInstanceOf(Injected);
        deaths++;
      }
    }
    expect(deaths).toBeGreaterThan(10);
  });

  test('loses one job by a message that cannot be read, or ends where the lane is out of step', () => {
    const random = new Random(seed);
    let lost = 0;
    for (let k = 0; k < 60; k++) {
      const lanes = new Requests();
      lanes.expectRead(lanes.write(random, 2), lanes.read(), 0);
      lanes.channel.spoilt = lanes.channel.posted + (k % 4);
      const jobs = lanes.write(random, 6);
      const isSpoilt = lanes.channel.posted > lanes.channel.spoilt;
      lanes.channel.spoilt = Number.NaN;
      try {
        lanes.expectRead(jobs, lanes.read(), isSpoilt ? 1 : 0);
        if (isSpoilt) lost++;
      } catch (fault) {
        // it was a task, or shared memory of which nobody knows how much there was
        if ((fault as Error).name !== 'RangeError' && !/shared memory/.test(String(fault))) throw fault;
        continue;
      }
      lanes.expectRead(lanes.write(random, 3), lanes.read(), 0);
    }
    expect(lost).toBeGreaterThan(10);
  });
});

/** The first word of a tree: an object of the first shape, and of one that nobody has defined. */
const FIRST_SHAPE = 10;
const UNKNOWN_SHAPE = 10 | (200 << 4);

type Event = readonly [what: string, slot: number, value: unknown];

/** Both ends of a result lane, and what its reader was told. */
class Results {
  readonly faults = new Faults();
  readonly channel = new Channel();
  readonly #slots: InstanceType<typeof SlotTable>;
  readonly words: Int32Array;
  readonly writer: InstanceType<typeof ResultWriter>;
  readonly lane: InstanceType<typeof ResultLane>;
  readonly #told: Event[] = [];
  #seq = 0;

  constructor() {
    open.push(this.channel);
    const memory: WorkerMemory = createMemory();
    this.words = memory.results;
    this.#slots = new SlotTable(memory.slots);
    this.writer = new ResultWriter(memory, this.channel.writer);
    const results = stepwise(memory.results);
    this.lane = new ResultLane({ ...memory, results }, this.channel.port, this.channel.reader);
  }

  begin(): number {
    const seq = this.#seq++;
    this.#slots.dispatch(seq);
    this.#slots.begin(seq);
    return seq;
  }

  /** All that jobs may tell, in a random mixture. */
  write(random: Random, jobs: number): void {
    const { writer } = this;
    for (let i = 0; i < jobs; i++) {
      const seq = this.begin();
      const began = 10 * seq + random.next();
      if (random.chance(0.2)) writer.started(seq, began);
      while (random.chance(0.3)) writer.report(seq, valueFor(random));
      if (random.chance(0.15)) writer.tokenCancelled(seq, encodeError(valueFor(random)));
      if (random.chance(0.2)) {
        const child = { child: 1 + seq, task: tasks[0]?.origin, args: [valueFor(random, 2)], options: {}, context: {} };
        writer.childSubmitted(seq, child as unknown as ChildSubmission);
      }
      if (random.chance(0.1)) writer.suspended(seq);
      if (random.chance(0.1)) writer.blocked(seq);
      if (random.chance(0.2)) this.#slots.cancel(seq);
      writer.time(began, began + 1);
      const end = random.weighted({ returned: 5, threw: 2, failedToStart: 1 });
      if (end === 'returned') writer.returned(seq, valueFor(random));
      else writer[end](seq, encodeError(Object.assign(new RangeError('thrown'), { detail: valueFor(random) })));
    }
  }

  readonly #reader: ResultReader = {
    started: (slot) => this.#tell('started', slot, undefined),
    reported: (slot, value) => this.#tell('reported', slot, value),
    reportLost: (slot, error) => this.#tell('reportLost', slot, error),
    returned: (slot, value) => this.#tell('returned', slot, value),
    threw: (slot, { error }) => this.#tell('threw', slot, error),
    tokenCancelled: (slot, reason) => this.#tell('tokenCancelled', slot, reason),
    suspended: (slot) => this.#tell('suspended', slot, undefined),
    blocked: (slot) => this.#tell('blocked', slot, undefined),
    messageRead: (slot) => this.#tell('messageRead', slot, undefined),
    childSubmitted: (slot, child) => this.#tell('childSubmitted', slot, { ...child, options: undefined }),
    childLost: (slot, child, error) => this.#tell('childLost', slot, Object.assign(error, { child })),
    failedToStart: (slot, { error }) => this.#tell('failedToStart', slot, error),
    stopped: (slot, end) => this.#tell('stopped', slot, end.kind === 'threw' ? end.thrown.error : end.value),
    printed: (printed) => this.#tell('printed', 0, printed),
    broke: (cause) => this.#tell('broke', -1, cause),
  };

  #tell(what: string, slot: number, value: unknown): void {
    this.#told.push([what, slot, value]);
  }

  /** Reads all that was written, in pieces, and answers what was told. */
  read(random: Random): Event[] {
    while (this.lane.read(random.integer(1, 9), this.#reader) > 0);
    return this.#told.splice(0);
  }
}

/** What is told where a value of this event cannot be read. */
const LOST: Readonly<Record<string, readonly [what: string, path: string]>> = {
  returned: ['threw', 'result'],
  threw: ['threw', 'error'],
  reported: ['reportLost', 'report'],
  tokenCancelled: ['tokenCancelled', 'reason'],
  childSubmitted: ['childLost', 'child.args'],
  failedToStart: ['failedToStart', 'error'],
};
const STOPPED = /^(?:result|error)$/;

const shown = ([what, slot, value]: Event): string =>
  `${what} ${slot} ${value instanceof Error ? `${value.name} ${value.message} ${text({ ...value })}` : text(value)}`;

/** The events are those told without a fault, but for one at most, which says which value was lost. Answers how many were. */
function expectTold(events: readonly Event[], wanted: readonly Event[]): number {
  expect(events.map(([, slot]) => slot)).toEqual(wanted.map(([, slot]) => slot));
  let lost = 0;
  for (const [index, event] of events.entries()) {
    const [whatWas] = wanted[index] as Event;
    if (shown(event) === shown(wanted[index] as Event)) continue;
    lost++;
    const [what, , value] = event;
    const detail = (value as { readonly detail?: unknown } | undefined)?.detail;
    if (detail instanceof NotCloneableError) {
      expect(detail).toMatchObject({ path: 'error.detail' });
      continue; // the error arrived, but for that
    }
    expect(value).toBeInstanceOf(NotCloneableError);
    const { path, message } = value as Error & { readonly path?: string };
    expect(message).toContain(`Cannot read ${path} where it arrived`);
    if (whatWas === 'stopped') expect([what, path]).toEqual(['stopped', expect.stringMatching(STOPPED)]);
    else expect([what, path]).toEqual(LOST[whatWas]);
  }
  return lost;
}

test('a lane whose words are not those that were written is read no further', () => {
  const results = new Results();
  const write = (): void => {
    const seq = results.begin();
    results.writer.time(0, 0);
    results.writer.returned(seq, { a: 1 });
  };
  for (let i = 0; i < 3; i++) write();
  const at = results.words.indexOf(FIRST_SHAPE); // of the second entry: the first defines it
  expect(at).toBeGreaterThan(0);
  results.words[at] = UNKNOWN_SHAPE;
  const events = results.read(new Random(1));
  expect(events.map(([what]) => what)).toEqual(['returned', 'broke']);
  expect(results.lane.isEmpty).toBe(true);
  write();
  expect(results.read(new Random(1))).toEqual([]);
});

describe.each(SEEDS)('a main thread that reads answers (seed %i)', (seed) => {
  test('loses one value by a fault at any one step: all others arrive as they were sent', () => {
    const lanes = new Results();
    const twin = new Results();
    let lost = 0;
    for (let k = 1; ; k++) {
      for (const each of [lanes, twin]) each.write(new Random(1_000 * seed + k), 5);
      lanes.faults.arm(k, 'once');
      const events = reading(lanes.faults, () => lanes.read(new Random(k)));
      lanes.faults.disarm();
      const count = expectTold(events, twin.read(new Random(k)));
      expect(count).toBeLessThanOrEqual(1);
      expect(lanes.channel.isEmpty).toBe(true);
      lost += count;
      if (!lanes.faults.hasThrown && k > MOST_STEPS) break;
    }
    expect(lost).toBeGreaterThan(40);
    expect(lanes.lane.isEmpty).toBe(true);
  });

  test('reads nothing further where it cannot even pass over the value, and says so', () => {
    let broken = 0;
    for (let k = 1; ; k++) {
      const lanes = new Results();
      lanes.write(new Random(1_000 * seed + k), 4);
      lanes.faults.arm(k, 'sticks');
      const read = (): Event[] => reading(lanes.faults, () => lanes.read(new Random(k)));
      let events: Event[] = [];
      try {
        events = read();
      } catch (fault) {
        expect(fault).toBeInstanceOf(Injected); // not even the head of the entry
        continue;
      }
      lanes.faults.disarm();
      if (!lanes.faults.hasThrown) break;
      if (events.at(-1)?.[0] !== 'broke') continue;
      broken++;
      expect(events.filter(([what]) => what === 'broke')).toHaveLength(1);
      lanes.write(new Random(k), 2);
      expect(lanes.lane.isEmpty).toBe(true);
      expect(lanes.read(new Random(k))).toEqual([]);
    }
    expect(broken).toBeGreaterThan(0);
  });

  test('loses one value by a message that cannot be read', () => {
    const lanes = new Results();
    const twin = new Results();
    let lost = 0;
    for (let k = 0; k < 60; k++) {
      lanes.channel.spoilt = lanes.channel.posted + (k % 5);
      for (const each of [lanes, twin]) each.write(new Random(1_000 * seed + k), 6);
      const isSpoilt = lanes.channel.posted > lanes.channel.spoilt;
      const count = expectTold(lanes.read(new Random(k)), twin.read(new Random(k)));
      expect(count).toBe(isSpoilt ? 1 : 0);
      expect(lanes.channel.isEmpty).toBe(true);
      lost += count;
    }
    expect(lost).toBeGreaterThan(30);
  });

  test('of a list of reports for which there was no room each is lost by itself; without the list the lane is', () => {
    const kept = 5;
    const fill = (lanes: Results): number => {
      const seq = lanes.begin();
      for (let i = 0; i < 140; i++) lanes.writer.report(seq, `${i} ${'x'.repeat(3_900)}`);
      for (let i = 0; i < kept; i++) lanes.writer.report(seq, new Map([[i, seed]]));
      return seq;
    };
    // the list comes first
    for (let k = 0; k <= kept; k++) {
      const [lanes, twin] = [new Results(), new Results()];
      const ends = [lanes, twin].map((each) => fill(each));
      lanes.channel.spoilt = lanes.channel.posted + k;
      for (const [index, each] of [lanes, twin].entries()) {
        each.writer.returned(ends[index] as number, new Map([['end', k]]));
        each.write(new Random(k), 3);
      }
      const events = lanes.read(new Random(k));
      const wanted = twin.read(new Random(k));
      if (k === 0) {
        expect(events.at(-1)?.[0]).toBe('broke');
        expectTold(events.slice(0, -1), wanted.slice(0, events.length - 1));
      } else {
        expect(expectTold(events, wanted)).toBe(1);
        expect(events.filter(([what]) => what === 'reportLost')).toHaveLength(1);
        expect(lanes.channel.isEmpty).toBe(true);
      }
    }
  });
});
