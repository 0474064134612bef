import type { ChunkOutcome, FailedItem } from '../../contract/each-mode.js';
import { encodeError } from './error-encoder.js';

const outcomes = new WeakSet<object>();

/** Returns a plain object that the sender recognizes as an outcome. */
export function chunkOutcome(values: ChunkOutcome['values'], failures: readonly FailedItem[]): ChunkOutcome {
  const outcome = { values, failures };
  outcomes.add(outcome);
  return outcome;
}

/**
 * Returns the outcome with a failure in place of each result that cannot be cloned; `undefined` if the value is no
 * outcome.
 *
 * @param tryClone throws if a value cannot be cloned.
 */
export function withoutUncloneable(value: unknown, tryClone: (value: unknown) => void): ChunkOutcome | undefined {
  if (typeof value !== 'object' || value === null || !outcomes.has(value)) return undefined;
  const { values, failures } = value as ChunkOutcome;
  const all = [...failures];
  const cloneable = Array.from(values ?? [], (result, item) => {
    try {
      tryClone(result);
      return result;
    } catch (error) {
      all.push({ item, error: encodeError(error) });
      return undefined;
    }
  });
  return { values: cloneable, failures: all };
}
