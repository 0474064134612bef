import { whenSettled } from '../../base/promises.js';
import { encodeForProcess, type ProcessLink } from '../../wire/process/process-link.js';
import type { FromProcess, Packed, ToProcess } from '../../wire/process/process-protocol.js';
import type { JobContext } from '../job-context.js';
import type { Received } from '../talk/inbox.js';

/** Passes calls of functions and messages on between code in a relay's process and the pool. */
export class RelayTalk {
  readonly #link: ProcessLink;
  readonly #send: (message: ToProcess) => void;

  constructor(link: ProcessLink, send: (message: ToProcess) => void) {
    this.#link = link;
    this.#send = send;
  }

  /**
   * Calls a function of the pool, and reports its end to the process.
   *
   * @param job the job whose code calls it; `undefined` if that has ended.
   */
  called(job: JobContext | undefined, message: Extract<FromProcess, { readonly kind: 'called' }>): void {
    const { call, name, args } = message;
    const threw = (error: unknown): void => this.#send({ kind: 'call-threw', call, error: encodeForProcess(error) });
    try {
      if (job === undefined) throw new Error('The job that called it has ended');
      const given = this.#link.unpack(args, 'args') as readonly unknown[];
      void whenSettled(
        job.call(name, ...given),
        (value) => {
          try {
            this.#send({ kind: 'call-returned', call, value: this.#link.pack(value, 'result') });
          } catch (error) {
            threw(error);
          }
        },
        threw,
      );
    } catch (error) {
      threw(error);
    }
  }

  /** Passes on a message for a job's code; or, if it cannot be read here or sent to a process, why not. */
  post(run: number, received: Received, isKept: boolean): void {
    let value: Packed;
    try {
      if ('fault' in received) throw received.fault;
      value = this.#link.pack(received.value, 'message');
    } catch (error) {
      this.#send({ kind: 'post-failed', run, error: encodeForProcess(error), isKept });
      return;
    }
    this.#send({ kind: 'posted', run, value, isKept });
  }
}
