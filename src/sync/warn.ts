import { messageOf } from '../errors.js';

/**
 * Reports what a listener threw. A listener's fault must stop nothing, and must not be silent either: it becomes a
 * process warning.
 */
export function warnOf(error: unknown, where: string): void {
  const isError = error instanceof Error;
  process.emitWarning(`A listener of ${where} threw: ${messageOf(error)}`, {
    type: 'ThreadSystemWarning',
    ...(isError && error.stack !== undefined ? { detail: error.stack } : {}),
  });
}

/** Calls foreign code that may throw; its error becomes a process warning that names `where`. */
export function callListener<A extends readonly unknown[]>(
  listener: (...args: A) => unknown,
  args: A,
  where: string,
): void {
  try {
    listener(...args);
  } catch (error) {
    warnOf(error, where);
  }
}
