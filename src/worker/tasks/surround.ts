import type { CurrentJob } from '../../contract/current-job.js';
import { drive, iteratorOf } from './generator-task.js';
import type { TaskCode } from './known-task.js';

const { apply } = Reflect;

/**
 * Returns code that calls `around` with the job and a function that runs the job's own code. A generator is run to its end by that
 * function, so that the time of the job's code is within its call.
 */
export function surround(around: TaskCode, code: TaskCode): TaskCode {
  return function (this: unknown, ...args: readonly unknown[]): unknown {
    const next = (): unknown => {
      const value: unknown = apply(code, this, args);
      const iterator = typeof value === 'object' && value !== null ? iteratorOf(value) : undefined;
      return iterator === undefined ? value : drive(this as CurrentJob, iterator);
    };
    return apply(around, this, [this, next]) as unknown;
  };
}
