import type { NodeWorker, Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import type { ThreadProfile } from '../contract/thread-profile.js';

type Done = (profile: ThreadProfile | undefined) => void;

/** A reply of another thread's inspector. */
interface Reply {
  readonly id?: number;
  readonly result?: { readonly profile?: ThreadProfile };
}

/** @throws {Error} if Node.js was built without the inspector. */
async function openSession(): Promise<Session> {
  let inspector: typeof import('node:inspector');
  try {
    inspector = await import('node:inspector'); // on first use: few programs ever need it
  } catch (cause) {
    throw new Error('Cannot profile: this Node.js was built without the inspector', { cause });
  }
  return new inspector.Session();
}

/** Profiles the thread on which it is created. */
export class OwnProfiler {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** @throws {Error} if Node.js was built without the inspector. */
  static async start(): Promise<OwnProfiler> {
    const session = await openSession();
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.start');
    return new OwnProfiler(session);
  }

  stop(): Promise<ThreadProfile> {
    return new Promise((resolve, reject) => {
      this.#session.post('Profiler.stop', (error, { profile }) => {
        this.#session.disconnect();
        if (error === null) resolve(profile);
        else reject(error);
      });
    });
  }
}

/**
 * Profiles other threads of the process from outside. Node's inspector interrupts a thread that runs JavaScript, even in an
 * endless loop or in `Atomics.wait`. A thread in native code, such as a synchronous function of `node:crypto`, is reached when
 * that code returns.
 */
export class ThreadProfilers {
  readonly #session: Session;
  /** The inspector's session ids of all threads of the process, by thread id. */
  readonly #sessions = new Map<number, string>();
  /** The threads to be profiled, with what resolves each `start`. */
  readonly #wanted = new Map<number, Done>();
  readonly #asked = new Map<number, { readonly threadId: number; readonly done: Done }>();
  #lastId = 0;

  private constructor(session: Session) {
    this.#session = session;
    session.on('NodeWorker.attachedToWorker', ({ params }) => this.#attached(params));
    session.on('NodeWorker.detachedFromWorker', ({ params }) => this.#detached(params.sessionId));
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => this.#received(params.message));
  }

  /** @throws {Error} if Node.js was built without the inspector. */
  static async open(): Promise<ThreadProfilers> {
    const session = await openSession();
    // the main thread's inspector knows all threads, whichever thread created them
    if (isMainThread) session.connect();
    else session.connectToMainThread();
    const profilers = new ThreadProfilers(session);
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return profilers;
  }

  /** Profiles a thread from now on, or from its start. Resolves when the profiler runs, or the thread has ended. */
  start(threadId: number): Promise<unknown> {
    return new Promise((resolve) => {
      this.#wanted.set(threadId, resolve);
      this.#begin(threadId);
    });
  }

  /** Resolves with a thread's profile, or with `undefined` if there is none or it was lost with the thread. */
  stop(threadId: number): Promise<ThreadProfile | undefined> {
    this.#wanted.delete(threadId);
    return this.#ask(threadId, 'Profiler.stop');
  }

  /** A thread has ended: settles what waits for it. */
  ended(threadId: number): void {
    this.#sessions.delete(threadId);
    this.#wanted.get(threadId)?.(undefined);
    this.#wanted.delete(threadId);
    for (const [id, asked] of this.#asked) if (asked.threadId === threadId) this.#replied(id, undefined);
  }

  close(): void {
    this.#session.disconnect();
    for (const threadId of [...this.#sessions.keys(), ...this.#wanted.keys()]) this.ended(threadId);
  }

  #begin(threadId: number): void {
    const started = this.#wanted.get(threadId);
    if (started === undefined || !this.#sessions.has(threadId)) return;
    void this.#ask(threadId, 'Profiler.enable');
    void this.#ask(threadId, 'Profiler.start').then(started);
  }

  #ask(threadId: number, method: string): Promise<ThreadProfile | undefined> {
    const sessionId = this.#sessions.get(threadId);
    if (sessionId === undefined) return Promise.resolve(undefined);
    return new Promise((done) => {
      const id = ++this.#lastId;
      this.#asked.set(id, { threadId, done });
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method }) });
    });
  }

  #attached({ sessionId, workerInfo }: NodeWorker.AttachedToWorkerEventDataType): void {
    // workerInfo.workerId only counts sessions
    const threadId = Number(/^\[worker (\d+)\]/.exec(workerInfo.title)?.[1]);
    this.#sessions.set(threadId, sessionId);
    this.#begin(threadId);
  }

  #detached(ended: string): void {
    for (const [threadId, sessionId] of this.#sessions) if (sessionId === ended) this.ended(threadId);
  }

  #received(message: string): void {
    const { id, result } = JSON.parse(message) as Reply;
    if (id !== undefined) this.#replied(id, result?.profile); // otherwise an event
  }

  #replied(id: number, profile: ThreadProfile | undefined): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.done(profile);
  }
}
