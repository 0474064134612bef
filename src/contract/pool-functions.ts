/** What tasks may ask of the thread that made their pool, by name: the pool's option `functions`. */
export type PoolFunctions = Readonly<Record<string, PoolFunction>>;

/** @inline */
export type PoolFunction = (...args: never[]) => unknown;

/** The names of the functions in `C`; any name if `C` does not say. */
export type FunctionName<C> = string extends keyof C
  ? string
  : { [K in keyof C]: C[K] extends PoolFunction ? K : never }[keyof C] & string;

export type FunctionArgs<C, K> = K extends keyof C
  ? C[K] extends (...args: infer A) => unknown
    ? A
    : unknown[]
  : unknown[];

export type FunctionResult<C, K> = K extends keyof C
  ? C[K] extends (...args: never[]) => infer R
    ? Awaited<R>
    : unknown
  : unknown;

/** What `C` has besides functions: the values of the job's context, which are cloned and so cannot be functions. */
export type ContextOf<C> = { readonly [K in keyof C as C[K] extends PoolFunction ? never : K]?: C[K] };

/** A call of a pool's function by a job's code. */
export interface FunctionCall {
  /** The call's number on that worker. */
  readonly call: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
