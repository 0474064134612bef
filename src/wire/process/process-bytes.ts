import { types } from 'node:util';

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

const { getPrototypeOf, values: valuesOf } = Object;
const wasm = Reflect.get(globalThis, 'WebAssembly') as { readonly Module?: { readonly prototype: object } } | undefined;
const wasmModule = wasm?.Module?.prototype;

/**
 * Whether an object in a value is a `WebAssembly.Module`, which V8's serializer leaves out without a word, so that what it
 * wrote cannot be read. The value has come from another thread: there are neither getters nor proxies in it.
 */
export function holdsWasmModule(value: unknown): boolean {
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

/** The value of which `toBytes` made the bytes. */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new (v8().Deserializer)(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
