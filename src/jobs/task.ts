import { mustBe, wrongType } from '../base/check/argument-errors.js';
import type { CurrentJob, SIGNATURE } from '../contract/current-job.js';
import { addAdvice } from '../sync/sharing/crossing.js';

/** A function that can be a task: self-contained, sent to a worker by its source text. */
export type TaskFunction = (this: CurrentJob, ...args: never) => unknown;

/** An exported function of a module, to be called in a worker: see {@link taskModule}. */
export interface ModuleTask<F extends TaskFunction = TaskFunction> {
  readonly [SIGNATURE]?: F;
  /** The export's name. */
  readonly name: string;
  /** The module's URL. */
  readonly url: string;
}

/** The exported functions of a module `M`, as tasks. */
export type TaskModule<M> = {
  readonly [K in keyof M as M[K] extends TaskFunction ? K : never]: ModuleTask<Extract<M[K], TaskFunction>>;
};

/** Anything that can be submitted. */
export type Task = TaskFunction | ModuleTask;

type FunctionOf<K extends Task> = K extends TaskFunction ? K : K extends ModuleTask<infer F> ? F : never;

/** The argument types of a task, as a tuple. */
export type TaskArgs<K extends Task> = Parameters<FunctionOf<K>>;

type ReturnOf<K extends Task> = ReturnType<FunctionOf<K>>;

/** The result type of a job of the task: what an async task resolves to, what a generator task returns. */
export type TaskResult<K extends Task> =
  ReturnOf<K> extends Generator<unknown, infer R, unknown> | AsyncGenerator<unknown, infer R, unknown>
    ? Awaited<R>
    : Awaited<ReturnOf<K>>;

/** The type of values a job of the task reports: what a generator task yields, `unknown` for others. */
export type TaskProgress<K extends Task> =
  ReturnOf<K> extends Generator<infer Y, unknown, unknown> | AsyncGenerator<infer Y, unknown, unknown>
    ? Awaited<Y>
    : unknown;

/** Module URLs of the objects made by `taskModule`. */
export const moduleUrls = new WeakMap<object, string>();

addAdvice((value) =>
  moduleUrls.has(value)
    ? `the taskModule() of ${moduleUrls.get(value)}; submit its functions, or pass its url`
    : undefined,
);

/** Makes the error for a value that was passed instead of a task. */
export function mustBeTask(value: unknown, name: string, action: string): TypeError {
  const kind = 'a function or a task of a taskModule()';
  const isModule = typeof value === 'object' && value !== null && moduleUrls.has(value);
  if (isModule) return wrongType(action, `${name} must be ${kind}`, 'the whole taskModule(), not a function of it');
  return mustBe(kind, value, name, action);
}
