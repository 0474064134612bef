import { wrongType } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkCount, checkFunction, checkObject } from '../../base/check/values.js';
import { describe, TaskNotFoundError } from '../../errors.js';
import { moduleUrls, type Task, type TaskModule } from '../../jobs/task.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import { isTask, refOf } from '../../jobs/task-registry.js';

/** A task as a host offers it, with settings that only a host can have. */
export interface HostTask {
  /** The task itself. */
  readonly task: Task;
  /** Decides whether to retry after an error, in addition to the job's own `retry`. Default: every error is retried. */
  readonly retryIf?: ((error: unknown) => boolean) | undefined;
  /** How many jobs of the task the host runs at once at most. Default: no limit of its own. */
  readonly concurrency?: number | undefined;
}

/** What a host runs: all exports of a module, or tasks by the names that submitters use. */
export type HostTaskList = TaskModule<unknown> | Readonly<Record<string, Task | HostTask>>;

const HOST_TASK = optionNames<HostTask>({ task: true, retryIf: true, concurrency: true });
const ACTION = 'create cluster host';

/** A task that a host has. */
export interface KnownHostTask {
  readonly ref: TaskRef;
  readonly retryIf: ((error: unknown) => boolean) | undefined;
  readonly concurrency: number;
}

/** The tasks of a host, by name. A process that can write to Redis can run these and nothing else. */
export class HostTasks {
  readonly #known = new Map<string, KnownHostTask>();
  /** The module all of whose exports are tasks. */
  readonly #module: object | undefined;

  /** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
  constructor(tasks: unknown) {
    const list = checkObject(tasks, 'tasks', ACTION);
    this.#module = moduleUrls.has(list) ? list : undefined;
    if (this.#module !== undefined) return;
    for (const [name, given] of Object.entries(list)) this.#known.set(name, readTask(given, `tasks.${name}`));
    if (this.#known.size === 0) throw wrongType(ACTION, 'tasks must name at least one task');
  }

  /** Names of the tasks; `undefined` for all exports of a module. */
  get names(): readonly string[] | undefined {
    return this.#module === undefined ? [...this.#known.keys()] : undefined;
  }

  find(name: string): KnownHostTask | undefined {
    const known = this.#known.get(name);
    if (known !== undefined || this.#module === undefined) return known;
    if (name === '' || name === 'then') return undefined;
    const found = readTask(Reflect.get(this.#module, name), name);
    this.#known.set(name, found);
    return found;
  }

  missing(name: string): TaskNotFoundError {
    const there = this.names?.join(', ') ?? 'those of its module';
    return new TaskNotFoundError(`Cannot run ${describe(name)}: the host has no such task; it has ${there}`);
  }
}

function readTask(given: unknown, name: string): KnownHostTask {
  if (isTask(given)) return { ref: refOf(given), retryIf: undefined, concurrency: Number.POSITIVE_INFINITY };
  const path = { ...HOST_TASK, path: `${name}.` };
  const { task, retryIf, concurrency = Number.POSITIVE_INFINITY } = readOptions<HostTask>(given, path, ACTION);
  if (!isTask(task))
    throw wrongType(ACTION, `${name} must be a task, or { task, retryIf, concurrency }`, describe(given));
  if (retryIf !== undefined) checkFunction<(error: unknown) => boolean>(retryIf, `${name}.retryIf`, ACTION);
  const limit =
    concurrency === Number.POSITIVE_INFINITY
      ? concurrency
      : checkCount(concurrency, { name: `${name}.concurrency`, from: 1, action: ACTION });
  return { ref: refOf(task), retryIf, concurrency: limit };
}
