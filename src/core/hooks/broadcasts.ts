import { hasProperty } from '../../base/bare.js';
import type { CodeEnd } from '../../contract/code-end.js';
import { WorkerExitError } from '../../errors.js';
import { reasonOf, type ThreadExit } from '../../host/thread-exit.js';
import { isInService } from '../../host/worker-lifecycle.js';
import type { Balance } from '../dispatch/balance.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import { checkCall, type TaskCall } from '../options/task-call.js';
import type { ReadonlyPoolState } from '../pool-state.js';
import { closedError } from '../pool-state.js';
import type { PoolWorker } from '../pool-worker.js';
import type { TraceRecorder } from '../trace/trace-recorder.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { WorkerHooks } from './worker-hooks.js';

export interface BroadcastDeps {
  readonly state: ReadonlyPoolState;
  readonly ledger: Ledger;
  readonly balance: Balance;
  readonly pacer: Pacer;
  readonly workers: WorkerSet;
  readonly workerHooks: WorkerHooks;
  readonly recorder: TraceRecorder;
}

/** Runs a task once on every worker: on present ones ahead of the jobs that they have not begun, on others as they start. */
export class Broadcasts {
  readonly #deps: BroadcastDeps;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves with the results of the present workers, in the order of their start, without those that end before their
   * turn; rejects with the first failure. Both happen when the call has ended on all of them.
   *
   * @throws {TypeError} for a bad task or argument list.
   */
  run(task: unknown, args: unknown): Promise<unknown[]> {
    const call = checkCall(task, args, 'broadcast');
    const { state, ledger, balance, pacer, workers, workerHooks } = this.#deps;
    if (state.phase !== 'open') return Promise.reject(closedError(`broadcast '${call.task.name}'`));
    const present = workers.all.filter(({ state }) => isInService(state));
    ledger.ref();
    workerHooks.remember(call);
    const ended = new Promise<unknown[]>((resolve, reject) => {
      const round = new Round(present.length, { resolve, reject });
      for (const [index, worker] of present.entries()) {
        balance.recall(worker); // jobs that it has not begun run after the broadcast, here or elsewhere
        this.#send(worker, call, (outcome) => {
          // at once: a call that fails would keep later workers from starting
          if (outcome !== undefined && 'error' in outcome) workerHooks.forget(call);
          round.ended(index, outcome);
        });
      }
    });
    pacer.pump();
    return ended.finally(() => ledger.unref());
  }

  #send(worker: PoolWorker, call: TaskCall, ended: (outcome: Outcome) => void): void {
    const { name } = call.task;
    worker.addHook({
      ...call,
      argsName: 'args',
      wantsResult: true,
      ended: (end, run) => {
        this.#deps.recorder.hookRan(worker, { kind: 'broadcast', task: name, end }, run);
        ended(end);
      },
      lost: (exit, hasBegun) => {
        if (this.#deps.state.phase !== 'open') ended({ error: closedError(`finish broadcast '${name}'`) });
        else ended(hasBegun ? { error: lostError(worker, name, exit) } : undefined);
      },
    });
  }
}

/** How a broadcast ended at one worker; `undefined` if it has not begun there. */
type Outcome = CodeEnd | undefined;

interface Settle {
  readonly resolve: (results: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One broadcast, at the workers that were present when it was made. */
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
    if (outcome !== undefined && hasProperty(outcome, 'error')) this.#failure ??= outcome;
    if (--this.#open > 0) return;
    if (this.#failure !== undefined) this.#settle.reject(this.#failure.error);
    else
      this.#settle.resolve(
        this.#outcomes.flatMap((each) => (each !== undefined && hasProperty(each, 'value') ? [each.value] : [])),
      );
  }
}

function lostError(worker: PoolWorker, name: string, exit: ThreadExit): WorkerExitError {
  const what = `The thread of worker ${worker.workerId} ended with exit code ${exit.exitCode} while it was running broadcast '${name}'`;
  return new WorkerExitError(what + reasonOf(exit), exit);
}
