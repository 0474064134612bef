import type { CurrentJob, SIGNATURE } from '../contract/current-job.js';
import { describe } from '../errors.js';
import { stays } from '../sync/sharing/crossing.js';

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

/** The addresses of these objects. */
export const addresses = new WeakMap<object, string>();

stays((value) =>
  addresses.has(value)
    ? `the taskModule() of ${addresses.get(value)}; submit its functions, or pass its url`
    : undefined,
);

/** A value that was passed instead of a task, as an error message shows it. */
export function describeTask(value: unknown): string {
  return typeof value === 'object' && value !== null && addresses.has(value)
    ? 'the whole taskModule(), not a function of it'
    : describe(value);
}
