import { messageOf } from '../errors.js';
import { bare } from './bare.js';

/** A process warning. Its options inherit nothing, as Node.js obeys what they inherit. */
export function emitWarning(
  message: string,
  options: { readonly type: string; readonly detail: string | undefined },
): void {
  const { type, detail } = options;
  process.emitWarning(message, bare(detail === undefined ? { type } : { type, detail }));
}

/**
 * Reports what a listener threw. A listener's fault must stop nothing, and must not be silent either: it becomes a
 * process warning.
 */
export function warnOf(error: unknown, where: string): void {
  const isError = error instanceof Error;
  emitWarning(`A listener of ${where} threw: ${messageOf(error)}`, {
    type: 'ThreadSystemWarning',
    detail: isError ? error.stack : undefined,
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
