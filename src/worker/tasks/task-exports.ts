import { types } from 'node:util';

/*
 * Which function an export name means, however a module was compiled and loaded: that in the first of these objects that has one.
 * A promise stands for what it resolves to.
 *
 * | name      | objects, in order                                                                  |
 * |-----------|------------------------------------------------------------------------------------|
 * | `default` | the default export, opened; the default export                                     |
 * | any other | the module; its default export; the default export, opened: its property of that name |
 *
 * The default export of a CommonJS module is `module.exports`. It is opened by taking its own `default`, if a compiler made it of
 * an ES module (`__esModule`) or if it is not a function.
 */

/** How often a default export is opened: compiled modules that re-export compiled ones are nested. */
const MAX_OPENED = 3;

type TaskFunction = (...args: readonly unknown[]) => unknown;
/** An object whose properties may be exports: the module, or its default export. */
type Exporter = Readonly<Record<string, unknown>>;

/** What an export was found to be. */
export type FoundExport =
  | { readonly kind: 'function'; readonly code: TaskFunction }
  | { readonly kind: 'other'; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly error: unknown }
  | { readonly kind: 'missing' };

/** Finds the exports of a loaded module that can be tasks. */
export class TaskExports {
  readonly #module: Exporter;
  /** The default export, then what it is opened to, outermost first. */
  readonly #defaults: unknown[] = [];
  /** The error of the default export, if reading it threw or it rejected. */
  #fault: { readonly error: unknown } | undefined;

  private constructor(module: Exporter) {
    this.#module = module;
  }

  /** @param module the namespace that `import()` resolves to. */
  static async ofModule(module: object): Promise<TaskExports> {
    const exports = new TaskExports(module as Exporter);
    await exports.#open();
    return exports;
  }

  /** @param exports a CommonJS module's `module.exports`. */
  static ofCommonJs(exports: unknown): Promise<TaskExports> {
    return TaskExports.ofModule({ default: exports });
  }

  async #open(): Promise<void> {
    let exporter: unknown = this.#module;
    try {
      while (canExport(exporter) && hasExport(exporter, 'default') && this.#defaults.length <= MAX_OPENED) {
        const inner = exporter['default'];
        exporter = isPromise(inner) ? await inner : inner;
        if (this.#defaults.includes(exporter)) return;
        this.#defaults.push(exporter);
        if (typeof exporter === 'function' && Reflect.get(exporter, '__esModule') !== true) return;
      }
    } catch (error) {
      this.#fault = { error };
    }
  }

  async find(name: string): Promise<FoundExport> {
    let other: FoundExport = { kind: 'missing' };
    for (const read of this.#readsOf(name)) {
      try {
        const given = read();
        const value = isPromise(given) ? await given : given;
        if (isCallable(value)) return { kind: 'function', code: value };
        if (other.kind === 'missing' && value !== undefined) other = { kind: 'other', value };
      } catch (error) {
        if (other.kind === 'missing') other = { kind: 'unreadable', error };
      }
    }
    return other;
  }

  /** Returns the functions that need not be awaited, by name. */
  functions(): Map<string, TaskFunction> {
    const functions = new Map<string, TaskFunction>();
    for (const name of this.#names()) {
      for (const read of this.#readsOf(name)) {
        const value = attempt(read);
        if (!isCallable(value)) continue;
        functions.set(name, value);
        break;
      }
    }
    return functions;
  }

  #readsOf(name: string): readonly (() => unknown)[] {
    if (name === 'default') return [...this.#defaults.map((value) => () => value).reverse(), () => this.#throwFault()];
    return [this.#module, ...this.#defaults]
      .filter(canExport)
      .filter((exporter) => hasExport(exporter, name))
      .map((exporter) => () => exporter[name]);
  }

  #throwFault(): undefined {
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  #names(): Set<string> {
    return new Set([this.#module, ...this.#defaults].filter(canExport).flatMap(namesIn));
  }
}

/** Whether a value can have properties that are tasks. */
function canExport(value: unknown): value is Exporter {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether a value is a promise or a library's thenable, but not a module that exports a function `then`. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (types.isPromise(value)) return true;
  if (!canExport(value) || types.isProxy(value) || Object.hasOwn(value, 'then')) return false;
  return typeof attempt(() => value['then']) === 'function';
}

/** Whether a value is a function that can be called: not a class. */
function isCallable(value: unknown): value is TaskFunction {
  return typeof value === 'function' && !isClass(value);
}

export function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * Whether an object has the property itself or inherits it from a class that is not built in: `toString` of all objects is no
 * task.
 */
function hasExport(exporter: Exporter, name: string): boolean {
  if (types.isProxy(exporter)) return true; // which may make a property when it is read
  return chainOf(exporter).some((link) => Object.hasOwn(link, name) && (link === exporter || name !== 'constructor'));
}

function namesIn(exporter: Exporter): string[] {
  return chainOf(exporter).flatMap((link) => Object.getOwnPropertyNames(link));
}

/** Returns the object and those that it inherits from, up to the first that is built in. */
function chainOf(exporter: Exporter): object[] {
  const found: object[] = [exporter];
  for (let next: object | null = Object.getPrototypeOf(exporter); next !== null; next = Object.getPrototypeOf(next)) {
    if (isBuiltIn(next)) break;
    found.push(next);
  }
  return found;
}

/** Whether a prototype is built in. By its constructor's text, as it may be of another realm. */
function isBuiltIn(prototype: object): boolean {
  if (!Object.hasOwn(prototype, 'constructor')) return false;
  const { constructor: maker } = prototype;
  return typeof maker === 'function' && /\[native code\]\s*\}$/.test(Function.prototype.toString.call(maker));
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
