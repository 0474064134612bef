import { failedItemOf } from '../../contract/failed-items.js';
import { decodeError, decodeReason, type ErrorRecord, encodeError } from '../../wire/message/error-codec.js';
import { ItemFailure } from '../../wire/message/item-failure.js';
import { decodeValue, type Encoded, encodeValue } from './value-codec.js';

const refuse = (): never => {
  throw new Error('only what can be serialized goes over Redis');
};

/**
 * Encodes what was thrown, or a reason, and the item of a map that threw it. Never throws: what cannot be sent is replaced by a
 * text.
 */
export function encodeFailure(thrown: unknown): Encoded {
  const item = failedItemOf(thrown);
  const failure = item === undefined ? thrown : new ItemFailure(item, thrown);
  try {
    return encodeValue(encodeError(failure, refuse), 'error').encoded;
  } catch (tooLarge) {
    return encodeValue(encodeError(tooLarge, refuse), 'error').encoded;
  }
}

/** Decodes what `encodeFailure` returned. Never throws: returns another error if it cannot be read. */
export function decodeFailure(encoded: unknown): Error {
  try {
    return decodeError(decodeValue(encoded, 'error') as ErrorRecord);
  } catch (unreadable) {
    return unreadable as Error;
  }
}

/** Like `decodeFailure`, for a reason, which may be any value. */
export function decodeReasonOf(encoded: unknown): unknown {
  try {
    return decodeReason(decodeValue(encoded, 'reason') as ErrorRecord);
  } catch (unreadable) {
    return unreadable;
  }
}
