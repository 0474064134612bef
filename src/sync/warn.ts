/**
 * Reports what a listener threw. A listener's fault must stop nothing, and must not be silent either: it becomes a
 * process warning.
 */
export function warnOf(error: unknown, where: string): void {
  const warning = new Error(`A listener of ${where} threw: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
  warning.name = 'ThreadSystemWarning';
  if (error instanceof Error && error.stack !== undefined) warning.stack = `${warning.message}\n${error.stack}`;
  process.emitWarning(warning);
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
