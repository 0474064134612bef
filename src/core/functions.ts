import { wrongType } from '../base/check/argument-errors.js';
import { nearest } from '../base/check/nearest.js';
import { whenSettled } from '../base/promises.js';
import type { FunctionCall, PoolFunction } from '../contract/pool-functions.js';
import type { PoolWorker } from './pool-worker.js';

const { apply } = Reflect;

/** Runs the functions of the pool's option `functions`, which tasks call. */
export class Functions {
  readonly #functions: ReadonlyMap<string, PoolFunction>;

  constructor(functions: ReadonlyMap<string, PoolFunction>) {
    this.#functions = functions;
  }

  /** Calls a function for code of a worker, and sends that code the outcome. */
  call(worker: PoolWorker, { call, name, args }: FunctionCall): void {
    const threw = (error: unknown): void => worker.talk.postCallEnd(call, { error });
    let value: unknown;
    try {
      value = this.run(name, args);
    } catch (error) {
      threw(error);
      return;
    }
    void whenSettled(value, (result) => worker.talk.postCallEnd(call, { value: result }), threw);
  }

  /** Calls a function. Throws what it throws. @throws {TypeError} if there is none of that name. */
  run(name: string, args: readonly unknown[]): unknown {
    const fn = this.#functions.get(name);
    if (fn === undefined) throw this.#unknown(name);
    return apply(fn, undefined, args);
  }

  #unknown(name: string): TypeError {
    const names = [...this.#functions.keys()];
    const action = `call '${name}'`;
    if (names.length === 0) return wrongType(action, 'the pool was made without the option functions');
    const similar = nearest(name, names);
    const hint = similar === undefined ? '' : ` (did you mean '${similar}'?)`;
    return wrongType(action, `the pool has no function of that name${hint}; its functions are ${names.join(', ')}`);
  }
}
