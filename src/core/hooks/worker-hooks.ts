import { types } from 'node:util';
import { hasProperty } from '../../base/bare.js';
import { messageOf } from '../../errors.js';
import { NO_ARGS, type TaskRef } from '../../jobs/task-ref.js';
import type { PoolLog } from '../log.js';
import type { PoolSettings } from '../options/options.js';
import type { TaskCall } from '../options/task-call.js';
import type { PoolWorker } from '../pool-worker.js';
import type { TraceRecorder } from '../trace/trace-recorder.js';
import type { HookKind } from '../trace/traced.js';

/** What each worker runs besides jobs: the setup and earlier broadcasts before its first job, the teardown at its end. */
export class WorkerHooks {
  readonly #setup: TaskCall | undefined;
  readonly #teardown: TaskRef | undefined;
  readonly #log: PoolLog;
  readonly #recorder: TraceRecorder;
  /** Earlier broadcasts, in the order in which they were made. */
  readonly #broadcasts = new Set<TaskCall>();

  constructor(
    { setup, teardown }: Pick<PoolSettings, 'setup' | 'teardown'>,
    { log, recorder }: { readonly log: PoolLog; readonly recorder: TraceRecorder },
  ) {
    this.#setup = setup;
    this.#teardown = teardown;
    this.#log = log;
    this.#recorder = recorder;
  }

  /** How many hooks `begin` adds to a worker. */
  get hooksFirst(): number {
    return (this.#setup === undefined ? 0 : 1) + this.#broadcasts.size;
  }

  /** A worker is being started: adds the hooks that run before its first job. */
  begin(worker: PoolWorker): void {
    const setup = this.#setup;
    if (setup === undefined) this.#setUp(worker);
    else this.#do(worker, setup, { kind: 'setup', ended: () => this.#setUp(worker) });
    for (const call of this.#broadcasts) this.#do(worker, call, { kind: 'broadcast', ended: () => {} });
  }

  /** Has workers that start later run the broadcast, too. */
  remember(call: TaskCall): void {
    this.#broadcasts.add(call);
  }

  forget(call: TaskCall): void {
    this.#broadcasts.delete(call);
  }

  #do(
    worker: PoolWorker,
    { task, args }: TaskCall,
    what: { readonly kind: HookKind; readonly ended: () => void },
  ): void {
    worker.addHook({
      task,
      args,
      argsName: what.kind === 'setup' ? 'setupArgs' : 'args',
      wantsResult: false,
      ended: (end, run) => {
        this.#recorder.hookRan(worker, { kind: what.kind, task: task.name, end }, run);
        if (hasProperty(end, 'error')) worker.failStart(`its ${what.kind} '${task.name}' failed`, end.error);
        else what.ended();
      },
      lost: () => {}, // reported as a thread that could not start
    });
  }

  /** The worker is set up: it has something to tear down from now on. */
  #setUp(worker: PoolWorker): void {
    const task = this.#teardown;
    if (task === undefined) return;
    const where = `teardown '${task.name}' of worker ${worker.workerId}`;
    worker.lifecycle.teardown = {
      task,
      args: NO_ARGS,
      argsName: 'args',
      wantsResult: false,
      ended: (end, run) => {
        this.#recorder.hookRan(worker, { kind: 'teardown', task: task.name, end }, run);
        if (hasProperty(end, 'error')) this.#log.lateError(toError(end.error), { where });
      },
      lost: ({ cause }) => {
        if (cause !== undefined) this.#log.lateError(toError(cause), { where });
      },
    };
  }
}

function toError(error: unknown): Error {
  return types.isNativeError(error) ? error : new Error(messageOf(error));
}
