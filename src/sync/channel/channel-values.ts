import { supports } from '../../base/platform/capabilities.js';
import { messageOf, NotCloneableError } from '../../errors.js';
import { ValueTag } from './channel-words.js';

/** A value as it is in a channel. */
export interface ChannelValue {
  readonly tag: ValueTag;
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

const UNDEFINED: ChannelValue = { tag: ValueTag.UNDEFINED, number: 0, bytes: undefined };
const NULL: ChannelValue = { tag: ValueTag.NULL, number: 0, bytes: undefined };
const TRUE: ChannelValue = { tag: ValueTag.TRUE, number: 0, bytes: undefined };
const FALSE: ChannelValue = { tag: ValueTag.FALSE, number: 0, bytes: undefined };

// loaded when needed: few threads send more than numbers
const v8 = (): typeof import('node:v8') => process.getBuiltinModule('node:v8');

/**
 * Serializes a value that is not a number as a structured clone would.
 *
 * @throws {NotCloneableError} also for shared memory, ports and objects of this library, as any thread may receive the value.
 */
export function encode(value: unknown): ChannelValue {
  switch (value) {
    case undefined:
      return UNDEFINED;
    case null:
      return NULL;
    case true:
      return TRUE;
    case false:
      return FALSE;
  }
  try {
    return { tag: ValueTag.BYTES, number: 0, bytes: toBytes(value) };
  } catch (cause) {
    const message = `Cannot send value by a channel: ${messageOf(cause)}`;
    throw new NotCloneableError(message, { path: 'value', cause });
  }
}

// `v8.serialize` only if the platform lacks the classes: it would silently copy shared memory
const [toBytes, fromBytes] = supports('serializers')
  ? [writtenBytes, readBytes]
  : [(value: unknown): Uint8Array => v8().serialize(value), (bytes: Uint8Array): unknown => v8().deserialize(bytes)];

function writtenBytes(value: unknown): Uint8Array {
  const serializer = new (v8().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

function readBytes(bytes: Uint8Array): unknown {
  const deserializer = new (v8().Deserializer)(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/** @throws {NotCloneableError} if the value cannot be read here. */
export function decode(tag: number, bytes: Uint8Array | undefined): unknown {
  switch (tag) {
    case ValueTag.NULL:
      return null;
    case ValueTag.TRUE:
      return true;
    case ValueTag.FALSE:
      return false;
  }
  if (bytes === undefined) return undefined;
  try {
    return fromBytes(bytes);
  } catch (cause) {
    throw new NotCloneableError(`Cannot read a value of a channel: ${messageOf(cause)}`, { path: 'value', cause });
  }
}
