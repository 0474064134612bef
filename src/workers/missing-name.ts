import type { KnownTask } from './task-table.js';

/** Says to whom an inline function's missing name is strange why it is missing. */
export function explainMissingName(task: KnownTask, error: unknown): void {
  if (task.definition.kind !== 'inline') return;
  try {
    if (!(error instanceof ReferenceError)) return;
    const { message, stack } = error; // read before: the stack's text is made when it is first asked for
    const name = /^(\S+) is not defined$/.exec(message)?.[1];
    if (name === undefined) return;
    error.message += `: the function '${task.definition.name}' was sent by its source text, so it sees its arguments and globals but not '${name}' of the code around it; export it from a module and submit it by taskModule(), which would see it, or pass '${name}' as an argument`;
    error.stack = stack?.replace(message, () => error.message) ?? error.message;
  } catch {
    // frozen, or a Proxy that throws when it is read: it arrives as it is
  }
}
