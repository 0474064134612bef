import type { TaskDefinition } from '../../contract/task-definition.js';

export type TaskCode = (...args: readonly unknown[]) => unknown;

/** Arguments that follow those of each call of a task, or why they cannot be read. */
export type CommonArgs = { readonly list: readonly unknown[] } | { readonly fault: Error };

export const NO_COMMON_ARGS: CommonArgs = { list: [] };

/** A task as the pool defines it. */
export interface DefinedTask {
  readonly id: number;
  readonly definition: TaskDefinition;
  readonly commonArgs: CommonArgs;
}

/** A task that this worker knows. */
export interface KnownTask {
  readonly definition: TaskDefinition;
  readonly commonArgs: CommonArgs;
  /** Set once the task can be called. */
  code: TaskCode | undefined;
  loading: Promise<TaskCode> | undefined;
  /** Whether its calls run in a scope, to assign uncaught errors: the first call, and all of a task that returns promises. */
  isWatched: boolean;
  /** Whether its code may use `this`, which is its job. */
  usesThis: boolean;
  /** Whether a job of it has blocked this thread, which the main thread then knows. */
  hasBlocked: boolean;
}

/** Runs tasks elsewhere than on this thread. */
export interface TaskRunner {
  codeOf(task: KnownTask, id: number): TaskCode;
  forget(id: number): void;
}

/**
 * Thrown by the code of a `TaskRunner` for a call whose code did not begin: it was not found, or its arguments could not be
 * sent.
 */
export class FailedToStart {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}
