import { queueMicrotask } from '../../base/clock.js';
import { callListener } from '../../base/warn.js';

/** A message for a job's code, or why it cannot be read. */
export type Received = { readonly value: unknown } | { readonly fault: unknown };

/** Takes over a message that is read elsewhere. */
export type PassMessage = (received: Received, isKept: boolean) => void;

type Listener = (message: unknown) => void;

/** What an inbox calls. */
export interface InboxEvents {
  /** The code has read a message that the pool keeps until then. */
  keptRead(): void;
  /** Runs `fn` as code of the job. */
  runAs(fn: () => void): void;
}

interface Entry {
  readonly received: Received;
  readonly isKept: boolean;
}

/** The messages for one job's code that it has not read, in order. Each is read once. */
export class Inbox {
  readonly #name: string;
  readonly #events: InboxEvents;
  readonly #entries: Entry[] = [];
  readonly #listeners = new Set<Listener>();
  /** Readers that wait for a message, the first to be served first. */
  readonly #readers: (() => void)[] = [];
  #isFlushScheduled = false;
  #pass: PassMessage | undefined;

  constructor(name: string, events: InboxEvents) {
    this.#name = name;
    this.#events = events;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(received: Received, isKept: boolean): void {
    if (this.#pass !== undefined) {
      this.#pass(received, isKept);
      return;
    }
    this.#entries.push({ received, isKept });
    if (this.#listeners.size > 0) this.#flush();
    else this.#readers.shift()?.();
  }

  /** Removes and returns the next message. @throws {NotCloneableError} if it cannot be read. */
  take(): unknown {
    const { received } = this.#takeEntry();
    if ('fault' in received) throw received.fault;
    return received.value;
  }

  /** Calls `arrived` once, when the next message has come. Returns a function that gives that up. */
  await(arrived: () => void): () => void {
    this.#readers.push(arrived);
    return () => {
      const index = this.#readers.indexOf(arrived);
      if (index >= 0) this.#readers.splice(index, 1);
    };
  }

  /** Passes each message on unread, those that came before too. */
  forward(pass: PassMessage): void {
    this.#pass = pass;
    for (const { received, isKept } of this.#entries.splice(0)) pass(received, isKept);
  }

  /** Calls `fn` with each message, those that came before too. Returns a function that unregisters it. */
  listen(fn: Listener): () => void {
    const listener: Listener = (message) => fn(message);
    this.#listeners.add(listener);
    this.#flushSoon();
    return () => this.#listeners.delete(listener);
  }

  #takeEntry(): Entry {
    const entry = this.#entries.shift();
    if (entry === undefined) throw new Error('Cannot take a message: there is none');
    if (entry.isKept) this.#events.keptRead();
    return entry;
  }

  /** After the code that registers a listener has gone on. */
  #flushSoon(): void {
    if (this.#isFlushScheduled || this.isEmpty) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#events.runAs(() => {
      while (this.#listeners.size > 0 && !this.isEmpty) this.#callAll(this.#takeEntry().received);
    });
  }

  #callAll(received: Received): void {
    const where = `messages of job '${this.#name}'`;
    for (const listener of [...this.#listeners]) {
      callListener(
        () => {
          if ('fault' in received) throw received.fault;
          listener(received.value);
        },
        [],
        where,
      );
    }
  }
}
