/** The names of a queue's keys. Those under `prefix` are BullMQ's; those under `ts:` are this library's. */
export class QueueKeys {
  readonly prefix: string;
  readonly queue: string;
  readonly #bull: string;
  readonly #own: string;

  constructor(prefix: string, queue: string) {
    this.prefix = prefix;
    this.queue = queue;
    this.#bull = `${prefix}:${queue}:`;
    this.#own = `ts:{${queue}}:`;
  }

  /** The hash of a job. */
  job(id: string): string {
    return this.#bull + id;
  }

  /** The hash in which BullMQ keeps the results of the jobs before a job of a flow, by their keys. */
  children(id: string): string {
    return `${this.job(id)}:processed`;
  }

  /** The sorted set of the jobs that wait, by urgency. */
  get prioritized(): string {
    return `${this.#bull}prioritized`;
  }

  /** The sorted set by which waiting hosts are woken. */
  get marker(): string {
    return `${this.#bull}marker`;
  }

  /** The stream of outcomes for a submitter. */
  results(submitter: string): string {
    return `${this.#own}re:${submitter}`;
  }

  /** The channel of requests about running jobs. */
  get requests(): string {
    return `${this.#own}cx`;
  }

  /** Arguments of a job that are too large for its record. */
  blob(id: string): string {
    return `${this.#own}blob:${id}`;
  }

  /** The set of the ids of hosts. */
  get hosts(): string {
    return `${this.#own}hosts`;
  }

  /** The hash in which a host describes itself. */
  host(id: string): string {
    return `${this.#own}host:${id}`;
  }
}
