import { types } from 'node:util';
import { describeReceived, isForeign } from '../known-classes.js';
import { adviceOn } from './advice.js';

// Makes all errors for arguments, so that they are worded alike: "Cannot <action>: <rule>, received <value>; <advice>".

/**
 * Makes the error for an argument of a wrong type, or for a use that makes no sense.
 *
 * @param rule the argument and what it must be, such as `token must be a CancellationToken`.
 * @param received the value as text, usually by `describeReceived`.
 */
export function wrongType(action: string, rule: string, received?: string): TypeError {
  return new TypeError(messageFor(action, rule, received));
}

/** Makes the error for a value that is out of range or malformed. Parameters as of {@link wrongType}. */
export function wrongValue(action: string, rule: string, received?: string, options?: ErrorOptions): RangeError {
  return new RangeError(messageFor(action, rule, received), options);
}

function messageFor(action: string, rule: string, received: string | undefined): string {
  return `Cannot ${action}: ${rule}${received === undefined ? '' : `, received ${received}`}`;
}

/** Makes the error of the usual rule for a type: an argument must be of one kind. Says what to write instead of usual mistakes. */
export function mustBe(kind: string, value: unknown, name: string, action: string): TypeError {
  return wrongType(
    action,
    `${name} must be ${kind}`,
    withAdvice(describeReceived(value), value, { kind, name, action }),
  );
}

/** Appends what to write instead of a value, if it is a usual mistake. */
export function withAdvice(received: string, value: unknown, argument: Parameters<typeof adviceOn>[1]): string {
  if (isForeign(value) || types.isProxy(value)) return received; // what a Proxy is, only its own code can say
  const advice = adviceOn(value, argument);
  return advice === undefined ? received : `${received}; ${advice}`;
}

/** Makes the error of the usual rule for a value: a number must be within limits. */
export function mustBeWithin(limits: string, value: number, name: string, action: string): RangeError {
  return wrongValue(action, `${name} must be ${limits}`, String(value));
}
