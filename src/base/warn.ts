import { messageOf, stackIfAny } from '../errors.js';
import { bare } from './bare.js';

/** Emits a process warning. Its options inherit nothing, as Node.js also reads inherited ones. */
export function emitWarning(
  message: string,
  options: { readonly type: string; readonly detail: string | undefined },
): void {
  const { type, detail } = options;
  process.emitWarning(message, bare(detail === undefined ? { type } : { type, detail }));
}

/**
 * Reports an error thrown by a listener as a process warning: it must neither stop anything nor be lost.
 */
export function warnOf(error: unknown, where: string): void {
  emitWarning(`A listener of ${where} threw: ${messageOf(error)}`, {
    type: 'ThreadSystemWarning',
    detail: stackIfAny(error),
  });
}

/** Calls foreign code. If it throws, the error becomes a process warning that names `where`. */
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
