import { types } from 'node:util';

// loaded when needed: only pools of child processes pay for it when their threads start
const v8 = (): typeof import('node:v8') => process.getBuiltinModule('node:v8');

/**
 * Serializes a value for another process as a structured clone would. Not by `v8.serialize`: typed arrays would arrive over one
 * common buffer, and those over shared memory would silently be copied.
 *
 * @throws if a part of the value cannot be cloned, or is shared memory.
 */
export function toBytes(value: unknown): Uint8Array {
  const serializer = new (v8().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

const { getPrototypeOf, prototype: PLAIN, values: valuesOf } = Object;
const { isArray } = Array;

/**
 * Whether an object is one of the platform's, such as a Blob, a stream or a `WebAssembly.Module`: V8's serializer makes an empty
 * object of it, or leaves it out, so that the bytes cannot be read. For a clone from another thread, in which all else is plain or
 * built in.
 */
export function isOfPlatform(object: object): boolean {
  const prototype: unknown = getPrototypeOf(object);
  if (prototype === PLAIN || prototype === null || isArray(object) || ArrayBuffer.isView(object)) return false;
  if (types.isMap(object) || types.isSet(object) || types.isDate(object) || types.isRegExp(object)) return false;
  if (types.isNativeError(object) || types.isAnyArrayBuffer(object) || types.isBoxedPrimitive(object)) return false;
  return getPrototypeOf(prototype) !== null; // else a plain object of another realm
}

/** Whether a value has an object of the platform's. The value is a clone from another thread, without getters and proxies. */
export function hasPlatformObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const found = new Set<object>();
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null) found.add(item);
  };
  add(value);
  for (const object of found) {
    if (isOfPlatform(object)) return true;
    if (ArrayBuffer.isView(object)) continue;
    if (types.isMap(object)) {
      for (const [key, item] of object) {
        add(key);
        add(item);
      }
    } else if (types.isSet(object)) {
      for (const item of object) add(item);
    } else if (types.isNativeError(object)) {
      add(object.cause);
    } else {
      for (const item of valuesOf(object)) add(item);
    }
  }
  return false;
}

/** Returns the value that `toBytes` has serialized. */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new (v8().Deserializer)(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
