// asked for when needed, not imported: only pools of child processes pay for it in the start of their threads
const v8 = (): typeof import('node:v8') => process.getBuiltinModule('node:v8');

/**
 * A value as bytes for another process, the way a structured clone would take it. Not `v8.serialize`, whose typed arrays
 * arrive over one buffer that all of them share, and which copies those over shared memory without a word.
 *
 * @throws where a part of it cannot be cloned, or is shared memory.
 */
export function toBytes(value: unknown): Uint8Array {
  const serializer = new (v8().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The value of which `toBytes` made the bytes. */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new (v8().Deserializer)(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
