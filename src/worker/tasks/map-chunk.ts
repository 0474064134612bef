import { packed } from '../../base/packed-numbers.js';
import type { CurrentJob } from '../../contract/current-job.js';
import type { Transferable } from '../../sync/sharing/crossing.js';
import { ItemFailure } from '../../wire/message/item-failure.js';
import { move } from '../../wire/message/move.js';
import { isThenable, iteratorOf } from './generator-task.js';
import { CHECK_EVERY, drivenValue, listFor, type MutableList, type Target, unwrap } from './item-results.js';
import type { KnownTask } from './known-task.js';
import { ModalChunk } from './modal-chunk.js';

type Code = (...args: readonly unknown[]) => unknown;

/**
 * Returns a task that calls `code` for each item of a list and returns the list of results. Results that are promises are awaited
 * one after another.
 */
export function eachOf(code: Code, task: KnownTask): Code {
  const each = function (this: CurrentJob, items: MutableList, target: Target, mode?: number): unknown {
    if (mode !== undefined) return new ModalChunk(this, { code, task, items, target, mode }).run();
    const { length } = items;
    const results = listFor(items, target);
    let i = 0;
    try {
      while (i < length) {
        this.throwIfCancelled();
        const next = Math.min(length, i + CHECK_EVERY);
        for (; i < next; i++) {
          const value = code.call(this, items[i]) as unknown;
          if (typeof value === 'object' && value !== null && isDeferred(value))
            return awaitRest(this, code, { items, results, target, from: i, value });
          results[i] = value;
        }
      }
    } catch (error) {
      throw new ItemFailure(i, error);
    }
    return finished(results, target);
  };
  return each as Code;
}

function isDeferred(value: object): boolean {
  return isThenable(value) || iteratorOf(value) !== undefined;
}

interface Rest {
  readonly items: MutableList;
  readonly results: MutableList;
  readonly target: Target;
  readonly from: number;
  /** What the code returned for the item at `from`. */
  readonly value: object;
}

async function awaitRest(job: CurrentJob, code: Code, rest: Rest): Promise<unknown> {
  const { items, results, target } = rest;
  let { value }: { value: unknown } = rest;
  let i = rest.from;
  try {
    for (;;) {
      results[i] = await drivenValue(job, value);
      if (++i === items.length) return finished(results, target);
      job.throwIfCancelled();
      value = code.call(job, items[i]);
    }
  } catch (error) {
    throw new ItemFailure(i, error);
  }
}

/** Returns what is sent back. */
function finished(results: MutableList, target: Target): unknown {
  if (target !== undefined) return target === 'same' ? results : undefined;
  const list = packed(results);
  if (list !== results) return list;
  const moved: Transferable[] = [];
  unwrap(results, moved);
  return moved.length === 0 ? results : move(results, moved);
}
