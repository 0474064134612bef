import { Deserializer, Serializer } from 'node:v8';

/**
 * A value as bytes for another process, the way a structured clone would take it. Not `v8.serialize`, whose typed arrays
 * arrive over one buffer that all of them share, and which copies those over shared memory without a word.
 *
 * @throws where a part of it cannot be cloned, or is shared memory.
 */
export function toBytes(value: unknown): Uint8Array {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The value of which `toBytes` made the bytes. */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
