import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';

/** What all classes of views have in common. */
interface ViewClass {
  readonly name: string;
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): object;
}

/**
 * The names of the classes of views. In the bytes each is represented by its index. Append only, as other versions read them.
 */
const VIEW_NAMES = [
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'DataView', 'Float16Array'],
];
/** The classes, in that order. The last is not in all versions of Node.js. */
const VIEWS = VIEW_NAMES.map((name) => Reflect.get(globalThis, name) as ViewClass | undefined);
/** First byte of all that V8 serializes. */
const HEADER = 0xff;
/** Stands for a `Buffer`, of which only its own bytes are sent: its memory may be a pool with bytes of others. */
const BUFFER = 255;

const { apply, getOwnPropertyDescriptor } = Reflect;
/** Returns the name of a typed array of any realm; `undefined` for anything else. */
const typedArrayName = getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => string | undefined;

interface Access {
  _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
}

/**
 * Serializes as V8 does, except for views: those over one `ArrayBuffer` share one when they arrive, as in a structured clone; a
 * `Buffer` brings its own bytes alone; and memory that is shared between threads is refused.
 */
class ViewSerializer extends Serializer {
  readonly #buffers = new Map<ArrayBufferLike, number>();

  constructor() {
    super();
    (this as unknown as Access)._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Called by V8 for each view, and for objects of the platform. */
  _writeHostObject(object: object): void {
    if (!ArrayBuffer.isView(object)) throw new DOMException(`${String(object)} could not be cloned.`, 'DataCloneError');
    const { buffer, byteOffset, byteLength } = object;
    if (types.isSharedArrayBuffer(buffer))
      throw new DOMException('Shared memory could not be cloned.', 'DataCloneError');
    if (Buffer.isBuffer(object)) {
      this.writeUint32(BUFFER);
      this.writeUint32(byteLength);
      this.writeRawBytes(object);
      return;
    }
    this.writeUint32(VIEW_NAMES.indexOf(apply(typedArrayName, object, []) ?? 'DataView'));
    this.#writeMemory(buffer);
    this.writeUint32(byteOffset);
    this.writeUint32(byteLength);
  }

  #writeMemory(buffer: ArrayBufferLike): void {
    const known = this.#buffers.get(buffer);
    if (known !== undefined) {
      this.writeUint32(known);
      return;
    }
    const number = this.#buffers.size;
    this.#buffers.set(buffer, number);
    this.writeUint32(number);
    this.writeUint32(buffer.byteLength);
    this.writeRawBytes(new Uint8Array(buffer as ArrayBuffer));
  }
}

class ViewDeserializer extends Deserializer {
  readonly #buffers: ArrayBuffer[] = [];

  /** Called by V8 where the bytes contain what `_writeHostObject` wrote. */
  _readHostObject(): object {
    const kind = this.readUint32();
    if (kind === BUFFER) return Buffer.from(this.#readBytes());
    const view = VIEWS[kind];
    if (view === undefined)
      throw new Error(`this version of Node.js has no ${VIEW_NAMES[kind] ?? `view of kind ${kind}`}`);
    const buffer = this.#readMemory();
    const byteOffset = this.readUint32();
    const byteLength = this.readUint32();
    return new view(buffer, byteOffset, byteLength / (view.BYTES_PER_ELEMENT ?? 1));
  }

  #readMemory(): ArrayBuffer {
    const number = this.readUint32();
    const known = this.#buffers[number];
    if (known !== undefined) return known;
    const buffer = this.#readBytes();
    this.#buffers.push(buffer);
    return buffer;
  }

  #readBytes(): ArrayBuffer {
    const bytes = this.readRawBytes(this.readUint32());
    return new Uint8Array(bytes).buffer; // a copy: `bytes` is a part of what is read
  }
}

/** Version of V8's format that this process writes: the second byte of each header. It reads that and older ones. */
const FORMAT = serialize(undefined)[1] as number;

/** Serializes a value. @throws if a part of it cannot be cloned, or is shared memory. */
export function serialize(value: unknown): Buffer {
  const serializer = new ViewSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** Returns the value of these bytes. No code runs and no prototype but those of built-ins is set, whatever they contain. */
export function deserialize(bytes: Buffer): unknown {
  const [start, format = 0] = bytes;
  if (start === HEADER && format > FORMAT)
    throw new Error(
      `it was sent by a later Node.js (V8 format ${format}) than ${process.version}, which reads up to format ${FORMAT}; run the same major version of Node.js on all machines`,
    );
  const deserializer = new ViewDeserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
