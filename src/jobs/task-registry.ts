import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { mustBe } from '../base/check/argument-errors.js';
import { refuseSurplusObjects } from '../base/check/options.js';
import { defineHidden } from '../base/define.js';
import { type Inspecting, shown } from '../base/inspect.js';
import type { TaskDefinition } from '../contract/task-definition.js';
import { stays } from '../sync/sharing/crossing.js';
import { Uncloneable } from '../sync/uncloneable.js';
import { type ModuleTask, moduleUrls, mustBeTask, type Task, type TaskModule } from './task.js';
import { TaskRef } from './task-ref.js';

/** Returns the identity of a task of a module; `undefined` for anything else. */
let refOfExport: (value: unknown) => TaskRef | undefined;

/** An export of a task module. Uncloneable: as an argument it is refused, rather than copied into a useless object. */
class ModuleExport extends Uncloneable implements ModuleTask {
  readonly name: string;
  readonly url: string;
  readonly #ref: TaskRef;

  static {
    // outside the class, so that user code that has a task cannot reach it
    refOfExport = (value) => (typeof value === 'object' && value !== null && #ref in value ? value.#ref : undefined);
    stays(ModuleExport, 'task of a taskModule()', (value) =>
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

/** One entry per module URL, so that a module named a million times still has one task for each export. */
const modules = new Map<string, object>();

/**
 * Names a module whose exported functions are tasks. Nothing is loaded here: workers import the module when a job first
 * needs it. A job that names a missing export fails with `TaskNotFoundError`.
 *
 * @param url the module's URL, e.g. `new URL('./tasks.js', import.meta.url)`, or an absolute path.
 * @throws {TypeError} if `url` is neither.
 *
 * @example
 * ```ts
 * const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
 * const digest = await pool.submit(tasks.sha256, [bytes]);
 * ```
 */
export function taskModule<M>(url: URL | string): TaskModule<M>;
export function taskModule<M>(url: URL | string, ...rest: readonly unknown[]): TaskModule<M> {
  refuseSurplusObjects(rest, 'only a URL', 'name task module');
  const href = moduleHref(url);
  if (!callSites.has(href)) {
    const callSite: { readonly stack?: string } = {};
    Error.captureStackTrace(callSite, taskModule);
    callSites.set(href, callSite);
  }
  return exportsOf(href) as TaskModule<M>;
}

/** Where each module was first named, for the error if it is not found. */
const callSites = new Map<string, { readonly stack?: string }>();

/** Returns the call of `taskModule` by which a task was first named, as an object with a stack. */
export function callSiteOf({ origin }: TaskRef): { readonly stack?: string } | undefined {
  return origin.kind === 'module' ? callSites.get(origin.url) : undefined;
}

function exportsOf(href: string): object {
  const known = modules.get(href);
  if (known !== undefined) return known;
  const exports = createExports(href);
  modules.set(href, exports);
  return exports;
}

/**
 * Makes an object whose every property is an export. Each becomes a plain property on first use, as a Proxy is slow.
 */
function createExports(url: string): object {
  const unknown = new Proxy(Object.create(null) as object, {
    get(_target, name, exports: object) {
      // no 'then', so that a task module can be awaited or returned from an async function
      if (typeof name !== 'string' || name === 'then') return undefined;
      const value = new ModuleExport(url, name);
      defineHidden(exports, name, value);
      return value;
    },
  });
  // a WeakSet, which the structured clone refuses: anything else, passed as an argument by mistake, would arrive as {}
  const exports = Object.setPrototypeOf(new WeakSet(), unknown) as object;
  moduleUrls.set(exports, url);
  defineHidden(exports, inspect.custom, (...inspecting: Inspecting) => shown('TaskModule', { url }, inspecting));
  return exports;
}

function moduleHref(url: unknown): string {
  // by shape, as a test runner's URL belongs to another realm
  if (typeof url === 'object' && url !== null && 'href' in url) return String(url.href);
  if (typeof url === 'string') {
    if (isAbsolute(url)) return pathToFileURL(url).href;
    if (URL.canParse(url)) return new URL(url).href;
  }
  const kind = "a URL or an absolute path, such as new URL('./tasks.js', import.meta.url)";
  throw mustBe(kind, url, 'url', 'name task module');
}

const byFunction = new WeakMap<object, TaskRef>();

/** Closures made repeatedly (`submit(() => …)` in a loop) have the same name and source text: they are one task. */
const byText = new Map<string, WeakRef<TaskRef>>();

const forgetText = new FinalizationRegistry<string>((key) => {
  if (byText.get(key)?.deref() === undefined) byText.delete(key);
});

/** A cache of the last lookup. */
let lastTask: unknown;

let lastRef: TaskRef;

/**
 * Returns the identity of a task.
 *
 * @throws {TypeError} if `task` is neither a function nor a task of a module.
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

/** Whether `refOf` accepts the value. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'function' || refOfExport(value) !== undefined;
}

/** Returns the identity of a task named by another thread. */
export function refOfOrigin(origin: TaskDefinition): TaskRef {
  if (origin.kind === 'module') return refOf(Reflect.get(exportsOf(origin.url), origin.name));
  return refOfText(origin.name, origin.text);
}

function refOfFunction(task: unknown): TaskRef {
  if (typeof task !== 'function') throw mustBeTask(task, 'task', 'make job');
  let ref = byFunction.get(task);
  if (ref === undefined) {
    const text = Function.prototype.toString.call(task);
    const name = task.name === '' ? 'anonymous' : task.name;
    ref = refOfText(name, text);
    byFunction.set(task, ref);
  }
  return ref;
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
