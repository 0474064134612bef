import type { TaskDefinition } from '../../contract/task-origin.js';

export type TaskCode = (...args: readonly unknown[]) => unknown;

/** A task as this worker knows it. */
export interface KnownTask {
  readonly definition: TaskDefinition;
  /** Set once it can be called. */
  code: TaskCode | undefined;
  loading: Promise<TaskCode> | undefined;
  /** Its calls are watched for errors that they leave uncaught: the first one, and all of a task that returns promises. */
  isWatched: boolean;
  /** Its code may look at `this`, which is its job. */
  usesThis: boolean;
  /** A job of it has blocked this thread, and the main thread was told. */
  hasBlocked: boolean;
}

/** Where tasks run that do not run here. */
export interface TaskRunner {
  codeOf(task: KnownTask, id: number): TaskCode;
  forget(id: number): void;
}

/** Thrown by the code of a `TaskRunner` for a call whose code did not begin: it was not found, or its arguments could not be sent. */
export class NoCode {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}
