import { type ContextValues, storesOf } from '../../base/context-stores.js';
import type { ChildJob, ChildOptions } from '../../contract/current-job.js';
import { encodeForProcess, type ProcessLink } from '../../wire/process/process-link.js';
import type { FromProcess, ToProcess } from '../../wire/process/process-protocol.js';
import { KnownOrigin } from '../children.js';
import type { JobContext } from '../job-context.js';

/** The children that code in a relay's process has submitted, by the numbers that the process gave them. */
export class RelayChildren {
  readonly #link: ProcessLink;
  readonly #send: (message: ToProcess) => void;
  readonly #children = new Map<number, ChildJob<unknown>>();

  constructor(link: ProcessLink, send: (message: ToProcess) => void) {
    this.#link = link;
    this.#send = send;
  }

  /**
   * Submits a child, and reports its end to the process.
   *
   * @param parent the job whose code submits it; `undefined` if that has ended.
   */
  submit(parent: JobContext | undefined, message: Extract<FromProcess, { readonly kind: 'child-submitted' }>): void {
    const { child, task, values } = message;
    const failed = (error: unknown): void => {
      this.#children.delete(child);
      this.#send({ kind: 'child-failed', child, error: encodeForProcess(error) });
    };
    try {
      if (parent === undefined) throw new Error('The job that submitted it has ended');
      const [args, options, given] = this.#link.unpack(values, 'child') as [
        readonly unknown[],
        ChildOptions,
        ContextValues | undefined,
      ];
      const job: ChildJob<unknown> = parent.submit(new KnownOrigin(task), args, {
        ...options,
        context: given === undefined ? undefined : storesOf(given),
      });
      this.#children.set(child, job);
      Promise.resolve(job)
        .then((value) => {
          const packed = this.#link.pack(value, 'result');
          this.#children.delete(child);
          this.#send({ kind: 'child-ended', child, value: packed });
        })
        .catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  cancel(child: number, reason: unknown): void {
    this.#children.get(child)?.cancel(reason);
  }
}
