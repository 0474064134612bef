import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { defineHidden } from '../base/define.js';
import { type Inspecting, shown } from '../base/inspect.js';
import type { CurrentJob, SIGNATURE } from '../contract/current-job.js';
import { describe } from '../errors.js';
import { stays } from '../sync/sharing/crossing.js';
import { Uncloneable } from '../sync/uncloneable.js';

/** A function that can be a task: self-contained, sent to a worker by its source text. */
export type TaskFunction = (this: CurrentJob, ...args: never[]) => unknown;

/** An exported function of a module, to be called in a worker: see {@link taskModule}. */
export interface ModuleTask<F extends TaskFunction = TaskFunction> {
  readonly [SIGNATURE]?: F;
  /** The export's name. */
  readonly name: string;
  /** The module's address. */
  readonly url: string;
}

/** The exported functions of a module `M`, as tasks. */
export type TaskModule<M> = {
  readonly [K in keyof M as M[K] extends TaskFunction ? K : never]: ModuleTask<Extract<M[K], TaskFunction>>;
};

/** The arguments of a call without any. */
export const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** Whatever can be submitted. */
export type Task = TaskFunction | ModuleTask;

type FunctionOf<K extends Task> = K extends TaskFunction ? K : K extends ModuleTask<infer F> ? F : never;

/** The arguments a task takes, as a tuple. */
export type TaskArgs<K extends Task> = Parameters<FunctionOf<K>>;

type ReturnOf<K extends Task> = ReturnType<FunctionOf<K>>;

/** What a job of the task results in: what an async task resolves to, what a generator task returns. */
export type TaskResult<K extends Task> =
  ReturnOf<K> extends Generator<unknown, infer R, unknown> | AsyncGenerator<unknown, infer R, unknown>
    ? Awaited<R>
    : Awaited<ReturnOf<K>>;

/** What a job of the task reports, where the types can tell: what a generator task yields. */
export type TaskProgress<K extends Task> =
  ReturnOf<K> extends Generator<infer Y, unknown, unknown> | AsyncGenerator<infer Y, unknown, unknown>
    ? Awaited<Y>
    : unknown;

/** How a worker finds a task's code. With `each` the task is called for each item of a list. */
export type TaskOrigin =
  | { readonly kind: 'module'; readonly url: string; readonly name: string; readonly each: boolean }
  | { readonly kind: 'inline'; readonly text: string; readonly name: string; readonly each: boolean };

/** A task's identity within this process; a worker is told its origin once and knows it by `id` from then on. */
export class TaskRef {
  static #nextId = 0;
  readonly id: number = TaskRef.#nextId++;
  readonly origin: TaskOrigin;
  /** How long it runs, as far as runs have shown; -1 before the first. Kept by the dispatcher. */
  estimate = -1;
  /** What its jobs share, by priority: see `JobKind`. */
  readonly kinds: object[] = [];
  /** The last run was far longer than that: a second such run in a row is believed. */
  isSuspect = false;
  /** Called for each item of a list: how many items fit into a job, as far as the last map has shown. Kept by maps. */
  fitting = 1;
  #each: TaskRef | undefined;

  constructor(origin: TaskOrigin) {
    this.origin = origin;
  }

  /** The same task, called for each item of a list. */
  get each(): TaskRef {
    this.#each ??= new TaskRef({ ...this.origin, each: true });
    return this.#each;
  }

  /** The export's name, or the function's. */
  get name(): string {
    return this.origin.name;
  }
}

/** The identity of a task of a module; `undefined` for anything else. */
let refOfExport: (value: unknown) => TaskRef | undefined;

/** Passed as an argument it is refused, rather than copied into something that is none. */
class ModuleExport extends Uncloneable implements ModuleTask {
  readonly name: string;
  readonly url: string;
  readonly #ref: TaskRef;

  static {
    // outside of the class, so that who holds a task cannot reach it
    refOfExport = (value) => (typeof value === 'object' && value !== null && #ref in value ? value.#ref : undefined);
    stays((value) =>
      #ref in value ? `task '${value.name}' of a taskModule(); submit it, or pass its url and name` : undefined,
    );
  }

  constructor(url: string, name: string) {
    super();
    this.name = name;
    this.url = url;
    this.#ref = new TaskRef({ kind: 'module', url, name, each: false });
    Object.freeze(this);
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { name, url } = this;
    return shown('ModuleTask', { name, url }, inspecting);
  }
}

/** One entry per module address, so that a module named a million times is one task an export. */
const modules = new Map<string, object>();
/** The addresses of these objects. */
const addresses = new WeakMap<object, string>();

stays((value) =>
  addresses.has(value)
    ? `the taskModule() of ${addresses.get(value)}; submit its functions, or pass its url`
    : undefined,
);

/**
 * Names a module whose exported functions are tasks. Nothing is loaded here: the module is imported in the workers, when a
 * job first needs it. A name that the module does not export shows when its job fails, with `TaskNotFoundError`.
 *
 * @param url the module's address, e.g. `new URL('./tasks.js', import.meta.url)`, or an absolute path.
 * @throws {TypeError} when `url` is neither.
 *
 * @example
 * ```ts
 * const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
 * const digest = await pool.submit(tasks.sha256, [bytes]);
 * ```
 */
export function taskModule<M>(url: URL | string): TaskModule<M> {
  const href = moduleHref(url);
  let exports = modules.get(href);
  if (exports === undefined) {
    exports = createExports(href);
    modules.set(href, exports);
  }
  return exports as TaskModule<M>;
}

/** An object whose every property is an export. Each becomes a plain property when it is first asked for: a Proxy is slow. */
function createExports(url: string): object {
  const unknown = new Proxy(Object.create(null) as object, {
    get(_target, name, exports: object) {
      // 'then': so that a task module may be awaited, or returned from an async function, without being called
      if (typeof name !== 'string' || name === 'then') return undefined;
      const value = new ModuleExport(url, name);
      defineHidden(exports, name, value);
      return value;
    },
  });
  // a WeakSet, as a structured clone refuses it: passed as an argument by mistake, a task module would arrive as {}
  const exports = Object.setPrototypeOf(new WeakSet(), unknown) as object;
  addresses.set(exports, url);
  defineHidden(exports, inspect.custom, (...inspecting: Inspecting) => shown('TaskModule', { url }, inspecting));
  return exports;
}

function moduleHref(url: unknown): string {
  // by shape: a test runner's URL is of another realm
  if (typeof url === 'object' && url !== null && 'href' in url) return String(url.href);
  if (typeof url === 'string') {
    if (isAbsolute(url)) return pathToFileURL(url).href;
    if (URL.canParse(url)) return new URL(url).href;
  }
  throw new TypeError(
    `Cannot name task module: url must be a URL or an absolute path, such as new URL('./tasks.js', import.meta.url), received ${describe(url)}`,
  );
}

const byFunction = new WeakMap<object, TaskRef>();
/** Closures made again and again (`submit(() => …)` in a loop) have one name and source text: they are one task. */
const byText = new Map<string, WeakRef<TaskRef>>();
const forgetText = new FinalizationRegistry<string>((key) => {
  if (byText.get(key)?.deref() === undefined) byText.delete(key);
});
/** What was asked for last, and the answer. */
let lastTask: unknown;
let lastRef: TaskRef;

/**
 * The identity of a task.
 *
 * @throws {TypeError} when `task` is neither a function nor a task of a module.
 */
export function refOf(task: unknown): TaskRef {
  return task === lastTask && task !== undefined ? lastRef : findRef(task);
}

function findRef(task: unknown): TaskRef {
  if (task instanceof TaskRef) return task;
  lastRef = refOfExport(task) ?? refOfFunction(task);
  lastTask = task;
  return lastRef;
}

/** Whether `refOf` takes it. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'function' || refOfExport(value) !== undefined;
}

/** The identity of a task that another thread has named. */
export function refOfOrigin(origin: TaskOrigin): TaskRef {
  if (origin.kind === 'module') return refOf(Reflect.get(taskModule(origin.url) as object, origin.name));
  return refOfText(origin.name, origin.text);
}

function refOfFunction(task: unknown): TaskRef {
  if (typeof task !== 'function') {
    throw new TypeError(
      `Cannot make job: task must be a function or a task of a taskModule(), received ${describeTask(task)}`,
    );
  }
  let ref = byFunction.get(task);
  if (ref === undefined) {
    const text = Function.prototype.toString.call(task);
    const name = task.name === '' ? 'anonymous' : task.name;
    ref = refOfText(name, text);
    byFunction.set(task, ref);
  }
  return ref;
}

/** A value that was passed instead of a task, as an error message shows it. */
export function describeTask(value: unknown): string {
  return typeof value === 'object' && value !== null && addresses.has(value)
    ? 'the whole taskModule(), not a function of it'
    : describe(value);
}

function refOfText(name: string, text: string): TaskRef {
  const key = `${name} ${text}`;
  const known = byText.get(key)?.deref();
  if (known !== undefined) return known;
  const ref = new TaskRef({ kind: 'inline', text, name, each: false });
  byText.set(key, new WeakRef(ref));
  forgetText.register(ref, key);
  return ref;
}
