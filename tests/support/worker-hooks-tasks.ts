import { taskModule } from 'thread-system';
import { fixture } from './tasks.ts';

/** The types of `tests/tasks/worker-hooks.mjs`. */
interface WorkerHookTasks {
  open(log: string, name: string): Promise<void>;
  opened(): [state: string, openedBy: number];
  add(text: string, log?: string): string;
  addLater(text: string, log?: string): Promise<string>;
  close(): Promise<void>;
  fail(): never;
  never(): Promise<never>;
  failUncaught(): Promise<never>;
  exit(code: number): never;
  missing(): void;
}

export const workerHooks = taskModule<WorkerHookTasks>(fixture('worker-hooks.mjs'));
