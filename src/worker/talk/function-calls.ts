import { hasProperty } from '../../base/bare.js';
import type { CodeEnd } from '../../contract/code-end.js';
import { CancelledError, cancelledMessage } from '../../errors.js';
import type { JobContext } from '../job-context.js';

/** The calls of the pool's functions by this worker's jobs that have not ended, by number. */
export class FunctionCalls {
  readonly #open = new Map<number, (outcome: CodeEnd) => void>();
  readonly #send: (context: JobContext, call: number, name: string, args: readonly unknown[]) => void;
  #last = 0;

  /** @param send sends a call to the pool. Throws a `NotCloneableError` if an argument cannot be cloned. */
  constructor(send: (context: JobContext, call: number, name: string, args: readonly unknown[]) => void) {
    this.#send = send;
  }

  /** Calls a function and awaits it in the event loop. */
  begin(context: JobContext, name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      context.throwIfCancelled();
      const call = this.#start(context, name, args, (outcome) => {
        stopListening();
        if (hasProperty(outcome, 'value')) resolve(outcome.value);
        else reject(outcome.error);
      });
      const stopListening = context.token.onCancel((reason) => {
        this.#open.delete(call);
        const message = cancelledMessage(`The call of '${name}' by job '${context.name}' was cancelled`, reason);
        reject(new CancelledError(message, { reason }));
      });
    });
  }

  /**
   * Calls a function and blocks until it has ended.
   *
   * @param wait blocks until `isMet` returns true; throws if the job is cancelled.
   */
  run(
    context: JobContext,
    { name, args }: { readonly name: string; readonly args: readonly unknown[] },
    wait: (isMet: () => boolean) => void,
  ): unknown {
    context.throwIfCancelled();
    let end: CodeEnd | undefined;
    const call = this.#start(context, name, args, (outcome) => {
      end = outcome;
    });
    try {
      wait(() => end !== undefined);
    } finally {
      this.#open.delete(call);
    }
    const outcome = end as CodeEnd | undefined; // the compiler does not see the assignment
    if (outcome === undefined || hasProperty(outcome, 'error')) throw outcome?.error;
    return outcome.value;
  }

  /** A call has ended. */
  ended(call: number, outcome: CodeEnd): void {
    const settle = this.#open.get(call);
    this.#open.delete(call);
    settle?.(outcome);
  }

  #start(context: JobContext, name: string, args: readonly unknown[], settle: (outcome: CodeEnd) => void): number {
    const call = ++this.#last;
    this.#send(context, call, name, args);
    this.#open.set(call, settle);
    return call;
  }
}
