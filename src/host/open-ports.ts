import type { MessagePort } from 'node:worker_threads';

/** The ports between this thread and a worker's that jobs opened and that may outlast them. */
export class OpenPorts {
  /** This side's ends of the streams that go on between the two threads. */
  readonly #links = new Set<MessagePort>();
  /** How many ports that jobs moved here are open. Neither side knows when such a port is done, so an orderly end waits for none. */
  #lent = 0;
  readonly #unlinked: () => void;

  /** @param unlinked called when a port has closed and no stream goes on. */
  constructor(unlinked: () => void) {
    this.#unlinked = unlinked;
  }

  get isEmpty(): boolean {
    return this.#links.size === 0 && this.#lent === 0;
  }

  /** Whether a stream goes on. */
  get isLinked(): boolean {
    return this.#links.size > 0;
  }

  /** A stream that a job was given, or has returned, goes on by the port. */
  link(port: MessagePort): void {
    this.#links.add(port);
    port.on('close', () => {
      this.#links.delete(port);
      this.#closed();
    });
  }

  /** A job has moved the port to this thread. */
  lend(port: MessagePort): void {
    this.#lent++;
    port.once('close', () => {
      this.#lent--;
      this.#closed();
    });
  }

  /** Closes all streams. */
  closeLinks(): void {
    for (const port of this.#links) port.close();
  }

  #closed(): void {
    if (this.#links.size === 0) this.#unlinked();
  }
}
