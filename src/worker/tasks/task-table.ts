import { loadAs } from '../../base/nesting.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import { isInstance, messageOf, TaskNotFoundError } from '../../errors.js';
import { compile } from './inline-task.js';
import {
  type CommonArgs,
  type DefinedTask,
  type KnownTask,
  NO_COMMON_ARGS,
  type TaskCode,
  type TaskRunner,
} from './known-task.js';
import { eachOf } from './map-chunk.js';
import { fileUrlOf, lookedFor } from './module-file.js';
import { loadModule } from './module-loader.js';
import { surround } from './surround.js';
import { placeOfSyntaxError } from './syntax-place.js';
import { type FoundExport, isClass, type TaskExports } from './task-exports.js';

const { apply } = Reflect;

/** The tasks that were defined in this worker, by id. */
export class TaskTable {
  readonly #tasks = new Map<number, KnownTask>();
  /** The task that was looked up last. */
  #last: KnownTask | undefined;
  #lastId = 0;

  #runner: TaskRunner | undefined;
  /** The task that runs around every other one. */
  readonly #around: KnownTask | undefined;

  constructor(around?: TaskDefinition) {
    this.#around = around && this.make(around);
  }

  /** Runs tasks that are defined from now on by `runner`. */
  runBy(runner: TaskRunner): void {
    this.#runner = runner;
  }

  define({ id, definition, commonArgs }: DefinedTask): void {
    const task = this.make(definition, commonArgs);
    task.code = this.#runner?.codeOf(task, id);
    this.#tasks.set(id, task);
  }

  /** Returns a task without adding it to the table. */
  make(definition: TaskDefinition, commonArgs = NO_COMMON_ARGS): KnownTask {
    return {
      definition,
      commonArgs,
      code: undefined,
      loading: undefined,
      isWatched: true,
      usesThis: true,
      hasBlocked: false,
    };
  }

  forget(id: number): void {
    this.#tasks.delete(id);
    this.#last = undefined;
    this.#runner?.forget(id);
  }

  get(id: number): KnownTask {
    return this.#last !== undefined && id === this.#lastId ? this.#last : this.#find(id);
  }

  #find(id: number): KnownTask {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new Error(`Cannot run task ${id}: its definition did not arrive`);
    this.#last = task;
    this.#lastId = id;
    return task;
  }

  /** Returns the task's code, or a promise of it while its module, or that of the task around it, is imported. */
  load(task: KnownTask): TaskCode | Promise<TaskCode> {
    if (task.code !== undefined) return task.code;
    const around = this.#around === undefined || task === this.#around ? undefined : this.load(this.#around);
    if (task.definition.kind === 'inline' && (around === undefined || typeof around === 'function'))
      return learn(task, compile(task.definition.text, task.definition.name), around);
    task.loading ??= loadLater(task, around);
    return task.loading;
  }
}

async function loadLater(task: KnownTask, around: TaskCode | Promise<TaskCode> | undefined): Promise<TaskCode> {
  const { definition } = task;
  const outer = await around;
  const code =
    definition.kind === 'inline'
      ? compile(definition.text, definition.name)
      : await importTask(definition.url, definition.name);
  return learn(task, code, outer);
}

/** @param around runs around the task's code. */
function learn(task: KnownTask, called: TaskCode, around: TaskCode | undefined): TaskCode {
  const own = task.definition.each ? eachOf(withCommonArgs(called, task.commonArgs), task) : called;
  const code = around === undefined ? own : surround(around, own);
  task.code = code;
  task.usesThis = /\b(this|super|eval)\b|\[native code\]/.test(Function.prototype.toString.call(code));
  return code;
}

/** Returns code that calls the task's, with the common arguments after the call's own. */
function withCommonArgs(code: TaskCode, common: CommonArgs): TaskCode {
  if ('fault' in common) {
    return () => {
      throw common.fault;
    };
  }
  const { list } = common;
  if (list.length === 0) return code;
  return function (this: unknown, item: unknown): unknown {
    return apply(code, this, [item, ...list]);
  };
}

async function importTask(url: string, exportName: string): Promise<TaskCode> {
  let exports: TaskExports;
  try {
    exports = await loadAs(url, () => loadModule(url));
  } catch (cause) {
    if (isInstance(cause, TaskNotFoundError)) throw cause;
    throw new TaskNotFoundError(`Cannot load task module ${url}: ${faultOf(url, cause)}`, { cause });
  }
  const found = await exports.find(exportName);
  if (found.kind === 'function') return found.code;
  const names = [...exports.functions().keys()];
  const functions = names.length > 0 ? names.join(', ') : 'none, so write export before each';
  const message = `Cannot find task '${exportName}': ${url} ${notATask(found)}; its functions are: ${functions}${adviceFor(names)}`;
  throw new TaskNotFoundError(message, found.kind === 'unreadable' ? { cause: found.error } : {});
}

/** Says why a module could not be loaded, and where to look: which files are missing, or where the syntax error is. */
function faultOf(url: string, cause: unknown): string {
  const message = messageOf(cause).trim();
  const missing = lookedFor(url);
  // the file that imported it is this one, which does not concern the reader
  if (missing !== undefined) return `${message.replace(/ imported from \S*$/, '')}; ${missing}`;
  const place = isInstance(cause, SyntaxError) ? placeOfSyntaxError(cause, fileUrlOf(url)) : undefined;
  return place === undefined ? message : `${message} (${place})`;
}

/** A module that is imported by name elsewhere may have nothing but a default export. */
function adviceFor(names: readonly string[]): string {
  return names.length === 1 && names[0] === 'default' ? '; submit tasks.default, or export it by its name' : '';
}

function notATask(found: Exclude<FoundExport, { readonly kind: 'function' }>): string {
  switch (found.kind) {
    case 'missing':
      return 'has no such export';
    case 'unreadable':
      return `has such an export, which could not be read: ${messageOf(found.error)}`;
    case 'other':
      return `exports it as ${isClass(found.value) ? 'a class' : typeof found.value}, not as a function`;
  }
}
