import { cloneFault } from '../../wire/message/clone-fault.js';
import { refuseStaying } from '../../wire/message/staying.js';
import { unreadable } from '../../wire/message/unreadable.js';
import { hasPlatformObject } from '../../wire/process/process-bytes.js';
import { PayloadTooLargeError } from '../errors.js';
import { checkJson } from './lossless.js';
import { deserialize, serialize } from './view-serializer.js';

/** Largest encoded value that is accepted, in characters. */
export const MAX_PAYLOAD = 32 * 1024 * 1024;

/**
 * A value as part of a JSON document: as JSON (`j`) if that is lossless, so that people and plain BullMQ can read it; else as
 * base64 of V8's serialization (`b`); neither for `undefined`.
 */
export type Encoded = { readonly j: unknown } | { readonly b: string } | { readonly [key: string]: never };

/** An encoded value, and about how many bytes it takes. */
export interface Measured {
  readonly encoded: Encoded;
  readonly bytes: number;
}

/**
 * Encodes a value.
 *
 * @param root the name of the value in errors, such as `args`.
 * @throws {NotCloneableError} that names the path of the part that cannot be sent.
 * @throws {PayloadTooLargeError} if it is larger than `maxPayload`.
 */
export function encodeValue(value: unknown, root: string, maxPayload = MAX_PAYLOAD): Measured {
  if (value === undefined) return { encoded: {}, bytes: 0 };
  const { isLossless, bytes } = check(value, root);
  const measured = isLossless ? { encoded: { j: value }, bytes } : encodeBytes(value, root);
  if (measured.bytes > maxPayload)
    throw new PayloadTooLargeError(
      `Cannot send ${root} over Redis: about ${measured.bytes} bytes are more than ${maxPayload}`,
    );
  return measured;
}

function check(value: unknown, root: string): ReturnType<typeof checkJson> {
  try {
    return checkJson(value);
  } catch (cause) {
    throw cloneFault({ value, transfer: [], root, to: 'machine' }, cause); // a getter that throws
  }
}

function encodeBytes(value: unknown, root: string): Measured {
  refuseStaying(value, root, { to: 'machine', transfer: [] });
  try {
    if (hasPlatformObject(structuredClone(value))) throw new Error('it has an object of the platform');
    const b = serialize(value).toString('base64');
    return { encoded: { b }, bytes: b.length };
  } catch (cause) {
    throw cloneFault({ value, transfer: [], root, to: 'machine' }, cause);
  }
}

/** Encodes what a cancelled job has returned; as `undefined` (`{}`) if that cannot be sent. */
export function encodedOrNothing(value: unknown): Encoded {
  try {
    return encodeValue(value, 'result').encoded;
  } catch {
    return {};
  }
}

/**
 * Decodes what `encodeValue` returned.
 *
 * @param encoded may be anything: it comes from Redis.
 * @throws {NotCloneableError} if it is not an encoded value, or was made by a version of Node.js that this one cannot read.
 */
export function decodeValue(encoded: unknown, root: string): unknown {
  if (typeof encoded !== 'object' || encoded === null) throw unreadable(root, new Error('it is no encoded value'));
  if (Object.hasOwn(encoded, 'j')) return (encoded as { j: unknown }).j;
  if (!Object.hasOwn(encoded, 'b')) return undefined;
  const { b } = encoded as { b: unknown };
  if (typeof b !== 'string' || b.length > MAX_PAYLOAD) throw unreadable(root, new Error('it is no encoded value'));
  try {
    return deserialize(Buffer.from(b, 'base64'));
  } catch (cause) {
    throw unreadable(root, cause);
  }
}
