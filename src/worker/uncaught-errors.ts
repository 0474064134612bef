import { supports } from '../base/platform/capabilities.js';
import { encodeError } from '../wire/message/error-codec.js';
import type { HookRunner } from './hooks/hook-runner.js';
import { isOpen } from './job-context.js';
import type { JobRunner } from './job-runner.js';
import type { JobScopes } from './job-scopes.js';
import { LateErrors } from './late-errors.js';
import type { WorkerLoop } from './loop.js';
import type { PoolPort } from './pool-port.js';

export interface UncaughtErrorsDeps {
  readonly scopes: JobScopes;
  readonly hooks: HookRunner;
  readonly runner: JobRunner;
  readonly port: PoolPort;
  readonly loop: WorkerLoop;
}

/** Assigns each uncaught error of the thread to its job or hook. Errors of neither are reported to the pool. */
export class UncaughtErrors {
  readonly #deps: UncaughtErrorsDeps;
  readonly #lateErrors = new LateErrors();

  constructor(deps: UncaughtErrorsDeps) {
    this.#deps = deps;
  }

  /** Takes the thread's uncaught errors from now on. */
  listen(): void {
    const onUncaught = (error: unknown): void => this.#add(error);
    process.on('uncaughtException', onUncaught);
    if (!supports('rejectionsAreUncaught')) process.on('unhandledRejection', onUncaught);
  }

  #add(error: unknown): void {
    const { scopes, hooks, runner, port, loop } = this.#deps;
    const context = scopes.current();
    if (context !== undefined && isOpen(context)) {
      if (!hooks.fail(context, error)) runner.fail(context, error);
      return;
    }
    const jobId = context?.id || undefined; // a hook has none
    const verdict = this.#lateErrors.add();
    if (verdict === 'report') port.post({ kind: 'late-error', error: encodeError(error), jobId });
    else if (verdict === 'broken') loop.crash(error);
  }
}
