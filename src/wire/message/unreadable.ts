import { messageOf, NotCloneableError } from '../../errors.js';

/**
 * Returns the error for a value that cannot be read where it has arrived: it is nested too deeply for the stack there, or foreign
 * code that runs while it is read has thrown.
 *
 * @param path the name of the value, such as `result` or `args`.
 * @param cause the error thrown while it was read.
 */
export function unreadable(path: string, cause: unknown): NotCloneableError {
  return new NotCloneableError(`Cannot read ${path} where it arrived: ${explain(cause)}`, { path, cause });
}

function explain(cause: unknown): string {
  const text = messageOf(cause);
  if (!text.includes('call stack')) return text;
  return `it is nested too deeply for the stack of the thread that receives it (${text}); make it flatter, or send it as text`;
}
