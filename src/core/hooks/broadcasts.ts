import { has } from '../../base/bare.js';
import { PoolClosedError, WorkerExitError } from '../../errors.js';
import { reasonOf, type ThreadExit } from '../../host/thread-exit.js';
import type { Balance } from '../dispatch/balance.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import { checkCall, type TaskCall } from '../options/task-call.js';
import type { PoolWorker } from '../pool-worker.js';
import type { Shutdown } from '../shutdown.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { WorkerHooks } from './worker-hooks.js';

export interface BroadcastDeps {
  readonly ledger: Ledger;
  readonly balance: Balance;
  readonly pacer: Pacer;
  readonly workers: WorkerSet;
  readonly workerHooks: WorkerHooks;
  readonly shutdown: Shutdown;
}

/** Runs a task once on every worker: on those there are ahead of what they have not begun, on others as they start. */
export class Broadcasts {
  readonly #deps: BroadcastDeps;

  constructor(parts: BroadcastDeps) {
    this.#deps = parts;
  }

  /**
   * Resolves with the results of the workers there are, in the order of their start; without those that end before their
   * turn comes. Rejects with the first failure. Both when all have ended.
   *
   * @throws {TypeError} for a bad task or argument list.
   */
  run(task: unknown, args: unknown): Promise<unknown[]> {
    const call = checkCall(task, args, 'broadcast');
    const { ledger, balance, pacer, workers, workerHooks, shutdown } = this.#deps;
    if (shutdown.hasBegun)
      return Promise.reject(new PoolClosedError(`Cannot broadcast '${call.task.name}': the pool is shut down`));
    const present = workers.all.filter(({ state }) => state === 'starting' || state === 'ready');
    ledger.hold();
    workerHooks.remember(call);
    const ended = new Promise<unknown[]>((resolve, reject) => {
      const round = new Round(present.length, { resolve, reject });
      for (const [index, worker] of present.entries()) {
        balance.recall(worker); // jobs that it has not begun run after the broadcast, here or elsewhere
        this.#send(worker, call, (outcome) => {
          // at once: it would keep others from starting
          if (outcome !== undefined && 'error' in outcome) workerHooks.forget(call);
          round.ended(index, outcome);
        });
      }
    });
    pacer.pump();
    return ended.finally(() => ledger.release());
  }

  #send(worker: PoolWorker, call: TaskCall, tell: (outcome: Outcome) => void): void {
    const { name } = call.task;
    worker.do({
      ...call,
      argsName: 'args',
      isAsked: true,
      ended: tell,
      lost: (exit, hasBegun) => {
        if (this.#deps.shutdown.hasBegun)
          tell({ error: new PoolClosedError(`Cannot go on with broadcast '${name}': the pool is shut down`) });
        else tell(hasBegun ? { error: lostError(worker, name, exit) } : undefined);
      },
    });
  }
}

/** What became of a broadcast at one worker; `undefined`: it has not begun. */
type Outcome = { readonly value: unknown } | { readonly error: unknown } | undefined;

interface Settle {
  readonly resolve: (results: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One broadcast, at the workers that it was made to. */
class Round {
  readonly #settle: Settle;
  readonly #outcomes: Outcome[];
  #open: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(count: number, settle: Settle) {
    this.#settle = settle;
    this.#outcomes = new Array<Outcome>(count).fill(undefined);
    this.#open = count;
    if (count === 0) settle.resolve([]);
  }

  ended(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome;
    if (outcome !== undefined && has(outcome, 'error')) this.#failure ??= outcome;
    if (--this.#open > 0) return;
    if (this.#failure !== undefined) this.#settle.reject(this.#failure.error);
    else
      this.#settle.resolve(
        this.#outcomes.flatMap((each) => (each !== undefined && has(each, 'value') ? [each.value] : [])),
      );
  }
}

function lostError(worker: PoolWorker, name: string, exit: ThreadExit): WorkerExitError {
  const what = `The thread of worker ${worker.workerId} ended with exit code ${exit.exitCode} while it ran broadcast '${name}'`;
  return new WorkerExitError(what + reasonOf(exit), exit);
}
