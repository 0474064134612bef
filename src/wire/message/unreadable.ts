import { messageOf, NotCloneableError } from '../../errors.js';

/**
 * The error for a value that was sent and cannot be read where it arrived: it is nested too deeply for the stack there, or
 * foreign code that reading it runs has thrown.
 *
 * @param path where the value stands, such as `result` or `args`.
 * @param cause what reading it threw.
 */
export function unreadable(path: string, cause: unknown): NotCloneableError {
  return new NotCloneableError(`Cannot read ${path} where it arrived: ${explain(cause)}`, { path, cause });
}

function explain(cause: unknown): string {
  const text = messageOf(cause);
  if (!text.includes('call stack')) return text;
  return `it is nested too deeply for the stack of the thread that receives it (${text}); make it flatter, or send it as text`;
}
