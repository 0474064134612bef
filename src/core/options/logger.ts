import { describe } from '../../errors.js';

/** Receives what happens in a pool: `console`, or a logger of pino, winston, bunyan, consola or the like. */
export interface Logger {
  debug(message: string): unknown;
  info(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
}

export type LogLevel = keyof Logger;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** @throws {TypeError} that names what is missing. */
export function checkLogger(value: unknown, action: string): asserts value is Logger | undefined {
  if (value === undefined) return;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    throw new TypeError(
      `Cannot ${action}: logger must be an object with ${LEVELS.join(', ')}, received ${describe(value)}`,
    );
  const logger = value as Logger;
  for (const level of LEVELS)
    if (typeof logger[level] !== 'function')
      throw new TypeError(`Cannot ${action}: logger.${level} must be a function, received ${describe(logger[level])}`);
}
