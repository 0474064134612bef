import type { InFlightJob, InFlightJobAccess, InFlightJobKind } from '../../../build/base/in-flight-job.js';
import { Model, type Port } from '../../sync/model/explorer.ts';
import type { Heart, Platform, Sizes } from './heart.ts';

/** What the library keeps for its thread. */
const OF_THREAD = ['wakeups', 'worker', 'exchange'].map((name) => Symbol.for(`thread-system.${name}`));

type Handler = (message: unknown) => void;

/** One side of a pair of ports, as the modules use a `MessagePort`. */
export interface SimulatedPort {
  readonly inbox: Port;
  readonly outbox: Port;
  postMessage(message: unknown): void;
  on(event: string, handler: Handler): void;
  unref(): void;
  close(): void;
}

/** Posted by main at its end: the worker's thread ends. */
export const END = 'end';

/** So many timers may come at any moment; then each only once nothing else can happen, or time would pass without end. */
const EARLY_TIMERS = 1;

/** What the running thread's event loop has to do. */
interface EventLoop {
  readonly ticks: (() => void)[];
  readonly immediates: (() => void)[];
  readonly timers: (() => void)[];
  timersRun: number;
  readonly handlers: Map<Port, Handler>;
  watched: { readonly thread: number; readonly told: () => void } | undefined;
}

/** The shared memory and the ports of one worker. */
export interface WorkerSide {
  readonly memory: import('../../../build/wire/lane/layout.js').WorkerMemory;
  readonly wakeup: number;
  readonly controlOfMain: SimulatedPort;
  readonly controlOfWorker: SimulatedPort;
  readonly payloadOfMain: SimulatedPort;
  readonly payloadOfWorker: SimulatedPort;
}

/** A job, as main sends it. */
export interface ModelJob extends InFlightJob {
  readonly kind: InFlightJobKind;
  readonly args: readonly unknown[];
  readonly order: number;
  owner: object | undefined;
  seq: number;
}

const access: InFlightJobAccess<ModelJob> = {
  isInFlightJob: () => true,
  idOf: ({ id }) => id,
  kindOf: ({ kind }) => kind,
  argsOf: ({ args }) => args,
  isPlain: () => true,
  overridesOf: () => undefined,
  transferOf: () => undefined,
  timeoutMsOf: () => undefined,
  mailOf: () => undefined,
  orderOf: ({ order }) => order,
  ownerOf: ({ owner }) => owner,
  setOwner: (job, owner) => {
    job.owner = owner;
  },
  seqOf: ({ seq }) => seq,
  setSeq: (job, seq) => {
    job.seq = seq;
  },
};

/** A pool's thread and its workers, of which nothing but the memory and the ports is the model's. */
export class World {
  readonly model: Model;
  readonly heart: Heart;
  readonly poolWord: Int32Array;
  readonly workers: readonly WorkerSide[];
  readonly #sizes: Sizes;
  readonly #globals = Object.create(globalThis) as object;
  #loop = newLoop();

  constructor(made: (platform: Platform) => Heart, sizes: Sizes, workers = 1) {
    this.#sizes = sizes;
    this.model = new Model(() => {
      this.#loop = newLoop();
      this.#leaveThread();
    });
    this.heart = made(this.#platform());
    this.heart.giveAccess(access as unknown as InFlightJobAccess<InFlightJob>);
    this.#leaveThread();
    const wakeups = this.heart.wakeupTable().slice(0, 4 * (workers + 2));
    wakeups[0] = workers + 1;
    for (let thread = 0; thread <= workers; thread++) wakeups[4 * (thread + 1) + 2] = 1; // taken
    this.wakeups = this.words('wakeups', wakeups.length, [...wakeups]);
    this.poolWord = this.words('pool', 1, [this.heart.layout.MainParked.UNTIL_RUNG]);
    this.workers = Array.from({ length: workers }, (_, index) => this.#makeWorker(index));
  }

  readonly wakeups: Int32Array;

  words(name: string, length: number, values: readonly number[] = []): Int32Array {
    const words = new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
    words.set(values);
    return this.model.views.words(this.model.share(name, words));
  }

  #leaveThread(): void {
    for (const key of OF_THREAD) Reflect.deleteProperty(this.#globals, key);
  }

  /** Turns the running thread's event loop until `isDone`. */
  turn(isDone: () => boolean): void {
    const loop = this.#loop;
    for (;;) {
      for (let tick = loop.ticks.shift(); tick !== undefined; tick = loop.ticks.shift()) tick();
      if (isDone()) return;
      this.#turnOnce(loop);
    }
  }

  #turnOnce(loop: EventLoop): void {
    const event = this.model.hear({
      ports: [...loop.handlers.keys()],
      hasImmediate: loop.immediates.length > 0,
      timer: loop.timers.length === 0 ? undefined : loop.timersRun < EARLY_TIMERS ? 'any time' : 'last',
      watched: loop.watched?.thread,
    });
    switch (event.kind) {
      case 'immediate':
        loop.immediates.shift()?.();
        break;
      case 'timer':
        loop.timersRun++;
        loop.timers.shift()?.();
        break;
      case 'message':
        loop.handlers.get(event.port)?.(event.message);
        break;
      case 'ended': {
        const { watched } = loop;
        loop.watched = undefined;
        watched?.told();
        break;
      }
    }
  }

  watchEnd(thread: number, told: () => void): void {
    this.#loop.watched = { thread, told };
  }

  /** Runs the worker's loop, until main ends it. */
  runWorker(index = 0): void {
    const side = this.workers[index] as WorkerSide;
    let isEnded = false;
    const { controlOfWorker: control } = side;
    const { on } = control;
    // what main posts last ends the thread
    const ending: SimulatedPort = {
      ...control,
      on: (event, handler) =>
        on(event, (message) => {
          if (message === END) isEnded = true;
          else handler(message);
        }),
    };
    this.heart.startWorker(
      {
        kind: 'thread-system-init@0.1.0',
        workerId: index + 1,
        concurrency: 1,
        memory: side.memory,
        poolWord: this.poolWord,
        wakeups: this.wakeups,
        wakeup: side.wakeup,
        control: ending as never,
        payload: side.payloadOfWorker as never,
        isTsNodeRegistered: false,
        hooksFirst: 0,
        process: undefined,
        depth: 1,
        notesBegins: false,
        around: undefined,
        heapLimitMb: undefined,
        printed: [],
      },
      { isInline: false },
    );
    this.turn(() => isEnded);
  }

  #makeWorker(index: number): WorkerSide {
    const { capacity, shortEntryWords, longEntryWords, textBytes, textChars, first } = this.#sizes;
    const { Control } = this.heart.layout;
    const control = new Array<number>(Control.LENGTH).fill(0);
    for (const word of [
      ...[Control.REQUEST_TAIL, Control.REQUESTS_READ, Control.REQUEST_WORDS_READ, Control.TEXT_BYTES_READ],
      ...[Control.RESULT_TAIL, Control.RESULT_WORDS_READ],
    ])
      control[word] = first;
    const laneWords = 2 * capacity * shortEntryWords + longEntryWords;
    const named = (name: string): string => `${name}${index === 0 ? '' : index + 1}`;
    const memory = {
      control: this.words(named('control'), control.length, control),
      slots: this.words(named('slots'), capacity),
      begins: this.words(named('begins'), 2 * capacity),
      requests: this.words(named('requests'), laneWords),
      texts: this.words(named('texts'), textBytes / 4 + textChars / 2 + 1),
      results: this.words(named('results'), laneWords),
    };
    for (const word of [Control.RESULT_WORDS_READ, Control.ANNOUNCE_STARTS])
      this.model.allowLooks(memory.control, word);
    const [controlOfMain, controlOfWorker] = this.#makePorts(named('control'));
    const [payloadOfMain, payloadOfWorker] = this.#makePorts(named('payload'));
    return { memory, wakeup: index + 1, controlOfMain, controlOfWorker, payloadOfMain, payloadOfWorker };
  }

  #makePorts(name: string): [SimulatedPort, SimulatedPort] {
    const toMain = this.model.makePort(`${name} to main`);
    const toWorker = this.model.makePort(`${name} to worker`);
    const sideOf = (inbox: Port, outbox: Port): SimulatedPort => ({
      inbox,
      outbox,
      postMessage: (message) => this.model.post(outbox, message),
      on: (event, handler) => {
        if (event === 'message') this.#loop.handlers.set(inbox, handler);
      },
      unref: () => {},
      close: () => {},
    });
    return [sideOf(toMain, toWorker), sideOf(toWorker, toMain)];
  }

  #platform(): Platform {
    const { views } = this.model;
    const outside = (fn: (...given: unknown[]) => unknown, ...given: unknown[]): unknown => fn(...given);
    class AsyncLocalStorage {
      static snapshot = () => outside;
      static bind = (fn: unknown) => fn;
      #store: unknown;
      getStore() {
        return this.#store;
      }
      enterWith(store: unknown) {
        this.#store = store;
      }
      run(store: unknown, fn: () => unknown) {
        const before = this.#store;
        this.#store = store;
        try {
          return fn();
        } finally {
          this.#store = before;
        }
      }
    }
    return {
      workerThreads: {
        isMainThread: false,
        threadId: 1,
        MessagePort: class {},
        receiveMessageOnPort: ({ inbox }: SimulatedPort) => this.model.receive(inbox),
      },
      asyncHooks: { AsyncLocalStorage, AsyncResource: class {} },
      clock: {
        now: () => this.model.now(),
        nextTick: (fn: () => void) => this.#loop.ticks.push(fn),
        queueMicrotask: (fn: () => void) => this.#loop.ticks.push(fn),
        setImmediate: (fn: () => void) => this.#loop.immediates.push(fn),
        setTimeout: (fn: () => void) => {
          const { timers } = this.#loop;
          timers.push(fn);
          const timer = {
            unref: () => timer,
            refresh: () => {
              if (!timers.includes(fn)) timers.push(fn);
              return timer;
            },
          };
          return timer;
        },
        clearTimeout: () => {},
        setInterval: () => {},
        clearInterval: () => {},
      },
      process: Object.assign(Object.create(process) as object, {
        on: () => {},
        exit: (code: number) => {
          throw new Error(`The thread has ended itself, with code ${code}`);
        },
      }),
      globalThis: this.#globals,
      Int32Array: views.Int32Array,
      Float64Array: views.Float64Array,
      Float32Array: views.Float32Array,
      Buffer: views.Buffer,
    };
  }
}

function newLoop(): EventLoop {
  return { ticks: [], immediates: [], timers: [], timersRun: 0, handlers: new Map(), watched: undefined };
}
