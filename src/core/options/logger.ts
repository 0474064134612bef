import { mustBe } from '../../base/check/argument-errors.js';
import { checkFunction } from '../../base/check/values.js';

/** Receives what happens in a pool: `console`, or a logger of pino, winston, bunyan, consola or the like. */
export interface Logger {
  /** What explains a decision. */
  debug(message: string): unknown;
  /** What happens in normal operation. */
  info(message: string): unknown;
  /** What needs attention. */
  warn(message: string): unknown;
  /** What went wrong. */
  error(message: string): unknown;
}

export type LogLevel = keyof Logger;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** @throws {TypeError} that names what is missing. */
export function checkLogger(value: unknown, action: string): asserts value is Logger | undefined {
  if (value === undefined) return;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    throw mustBe(`an object with ${LEVELS.join(', ')}`, value, 'logger', action);
  const logger = value as Logger;
  for (const level of LEVELS) checkFunction(logger[level], `logger.${level}`, action);
}
