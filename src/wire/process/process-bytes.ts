import { types } from 'node:util';

// loaded when needed, not imported: only pools of child processes pay for it when their threads start
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

const { getPrototypeOf, values: valuesOf } = Object;
const wasm = Reflect.get(globalThis, 'WebAssembly') as { readonly Module?: { readonly prototype: object } } | undefined;
const wasmModule = wasm?.Module?.prototype;

/**
 * Whether a value has a `WebAssembly.Module`, which V8's serializer silently leaves out, so that the bytes cannot be read. The
 * value is a clone from another thread, without getters and proxies.
 */
export function hasWasmModule(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || wasmModule === undefined) return false;
  const found = new Set<object>();
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null) found.add(item);
  };
  add(value);
  for (const object of found) {
    if (getPrototypeOf(object) === wasmModule) return true;
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
