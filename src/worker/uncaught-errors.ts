import { encodeError } from '../wire/message/error-codec.js';
import type { HookRunner } from './hooks/hook-runner.js';
import { isOpen } from './job-context.js';
import type { JobRunner } from './job-runner.js';
import type { JobScopes } from './job-scopes.js';
import { LateErrors } from './late-errors.js';
import type { PoolPort } from './pool-port.js';

export interface UncaughtErrorsDeps {
  readonly scopes: JobScopes;
  readonly hooks: HookRunner;
  readonly runner: JobRunner;
  readonly port: PoolPort;
  /** Ends the thread as one that has died. */
  crash(fault: unknown): void;
}

/** Assigns each uncaught error of the thread to its job or hook. Errors of neither are reported to the pool. */
export class UncaughtErrors {
  readonly #deps: UncaughtErrorsDeps;
  readonly #lateErrors = new LateErrors();

  constructor(deps: UncaughtErrorsDeps) {
    this.#deps = deps;
  }

  add(error: unknown): void {
    const { scopes, hooks, runner, port, crash } = this.#deps;
    const context = scopes.current();
    if (context !== undefined && isOpen(context)) {
      if (!hooks.fail(context, error)) runner.fail(context, error);
      return;
    }
    const jobId = context?.id || undefined; // a hook has none
    const verdict = this.#lateErrors.add();
    if (verdict === 'report') port.post({ kind: 'late-error', error: encodeError(error), jobId });
    else if (verdict === 'broken') crash(error);
  }
}
