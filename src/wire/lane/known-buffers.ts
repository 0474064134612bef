import { types } from 'node:util';

/** A typed array over shared memory, or all of that memory. */
export interface SharedPart {
  /** Index into `TYPE_NAMES`, or one of the numbers after them. */
  readonly type: number;
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly length: number;
}

type View = new (buffer: SharedArrayBuffer, byteOffset: number, length: number | undefined) => object;

/** Names of the typed arrays by type number; older versions of Node.js lack some. The numbers after them are below. */
const TYPE_NAMES: readonly string[] = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
];
const MEMORY = TYPE_NAMES.length;
const DATA_VIEW = MEMORY + 1;
const BUFFER = DATA_VIEW + 1;
/** The structured clone keeps 32 bits of a view's offset and length, at least up to Node.js 26. */
const CLONED_BYTES = 2 ** 32 - 1;
const { isBuffer } = Buffer;
const constructors = TYPE_NAMES.map((name) => Reflect.get(globalThis, name) as View);

// The getters of the engine, which no subclass can replace.
const typedArray = Object.getPrototypeOf(Int8Array.prototype) as object;
const getterOf = (name: string | symbol): (() => unknown) =>
  Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
const typeNameOf = getterOf(Symbol.toStringTag);
const bufferOf = getterOf('buffer');
const byteOffsetOf = getterOf('byteOffset');
const lengthOf = getterOf('length');
const { apply } = Reflect;
const viewGetterOf = (name: string): (() => unknown) =>
  Object.getOwnPropertyDescriptor(DataView.prototype, name)?.get as () => unknown;
const ofView = {
  buffer: viewGetterOf('buffer'),
  byteOffset: viewGetterOf('byteOffset'),
  byteLength: viewGetterOf('byteLength'),
};
const ofTyped = { buffer: bufferOf, byteOffset: byteOffsetOf, byteLength: getterOf('byteLength') };

/** Returns the memory of a view, whatever its prototype is now. Returns anything else as it is. */
export function memoryOf<T>(value: T): T | ArrayBufferLike {
  if (!ArrayBuffer.isView(value)) return value;
  return apply((types.isDataView(value) ? ofView : ofTyped).buffer, value, []) as ArrayBufferLike;
}

/** Returns which bytes of its memory a view has, whatever its prototype is now. */
export function byteRangeOf(view: ArrayBufferView): { readonly offset: number; readonly length: number } {
  const getters = types.isDataView(view) ? ofView : ofTyped;
  return {
    offset: apply(getters.byteOffset, view, []) as number,
    length: apply(getters.byteLength, view, []) as number,
  };
}

/** Returns a copy of a view with only its own bytes: a view of the same kind, a Uint8Array for a Buffer. */
export function copyOfView(view: ArrayBufferView): ArrayBufferView {
  const { offset, length } = byteRangeOf(view);
  const { buffer } = new Uint8Array(new Uint8Array(memoryOf(view) as ArrayBuffer, offset, length));
  if (types.isDataView(view)) return new DataView(buffer);
  const View = constructors[TYPE_NAMES.indexOf(apply(typeNameOf, view, []) as string)] as unknown as new (
    memory: ArrayBuffer,
  ) => ArrayBufferView;
  return new View(buffer);
}

/** Returns which part of shared memory an object is; `undefined` if none, or if the memory can grow. */
export function sharedPartOf(object: object): SharedPart | undefined {
  if (isFixed(object)) return { type: MEMORY, buffer: object, byteOffset: 0, length: 0 };
  const type = typeOf(object);
  const buffer = type < 0 ? undefined : (apply(bufferOf, object, []) as object);
  if (buffer === undefined || !isFixed(buffer)) return undefined;
  const byteOffset = apply(byteOffsetOf, object, []) as number;
  return { type, buffer, byteOffset, length: apply(lengthOf, object, []) as number };
}

function isFixed(buffer: object): buffer is SharedArrayBuffer {
  return types.isSharedArrayBuffer(buffer) && (buffer as { readonly growable?: boolean }).growable !== true;
}

/** Returns the type number of a typed array; -1 for anything else. */
function typeOf(object: object): number {
  return isBuffer(object) ? BUFFER : TYPE_NAMES.indexOf(apply(typeNameOf, object, []) as string);
}

/** Returns the view or buffer that a part describes. */
export function viewOf({ type, buffer, byteOffset, length }: SharedPart | FarPart): object {
  if (type === BUFFER) return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
  const View = type === DATA_VIEW ? (DataView as View) : constructors[type];
  return View === undefined ? buffer : new View(buffer as SharedArrayBuffer, byteOffset, length);
}

/** A view that ends too far into its memory for a structured clone, which would make it one of another part. */
export interface FarPart {
  readonly type: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  /** `undefined` if the view reaches to the end, however the memory grows. */
  readonly length: number | undefined;
}

/** Returns the part that `object` is if it is such a view. */
export function farPartOf(object: object): FarPart | undefined {
  if (!ArrayBuffer.isView(object)) return undefined;
  const getters = types.isDataView(object) ? ofView : ofTyped;
  const byteOffset = apply(getters.byteOffset, object, []) as number;
  const byteLength = apply(getters.byteLength, object, []) as number;
  if (byteOffset + byteLength <= CLONED_BYTES) return undefined;
  const buffer = memoryOf(object) as ArrayBufferLike;
  const canGrow = (buffer as { readonly growable?: boolean }).growable === true;
  const isOpen = canGrow && byteOffset + byteLength === buffer.byteLength;
  const type = types.isDataView(object) ? DATA_VIEW : typeOf(object);
  const length = types.isDataView(object) ? byteLength : (apply(lengthOf, object, []) as number);
  return { type, buffer, byteOffset, length: isOpen ? undefined : length };
}

/** Whether the buffer's memory was transferred to another owner. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0 || !types.isArrayBuffer(buffer)) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** In place of a number: the buffer was sent once, and gets a number if it is sent again. */
const MET = -1;

/**
 * Numbers the shared memory that is sent to a worker more than once. The second time it goes as a message beside its entry, and
 * the worker keeps it; from then on entries contain only its number.
 */
export class SentBuffers {
  readonly #numbers = new WeakMap<SharedArrayBuffer, number>();
  readonly #forget: FinalizationRegistry<number>;
  readonly #send: (buffers: readonly SharedArrayBuffer[]) => void;
  #count = 0;
  /** Buffers that the current entry is the first to name. */
  #fresh: SharedArrayBuffer[] = [];

  /**
   * @param send sends the buffers that the entry just written is the first to name.
   * @param gone called with the number of a buffer that was collected on this side.
   */
  constructor(send: (buffers: readonly SharedArrayBuffer[]) => void, gone: (number: number) => void) {
    this.#send = send;
    this.#forget = new FinalizationRegistry(gone);
  }

  /** Returns the buffer's number; `undefined` if the buffer itself is to be sent. */
  numberOf(buffer: SharedArrayBuffer): number | undefined {
    const known = this.#numbers.get(buffer);
    if (known === undefined) this.#numbers.set(buffer, MET);
    // a structured clone could misplace views of a larger one
    if (known !== MET && (known !== undefined || buffer.byteLength <= CLONED_BYTES)) return known;
    const at = this.#fresh.indexOf(buffer);
    return this.#count + (at < 0 ? this.#fresh.push(buffer) - 1 : at);
  }

  /** The current entry is written. */
  keep(): void {
    if (this.#fresh.length === 0) return;
    this.#send(this.#fresh);
    for (const buffer of this.#fresh) {
      this.#numbers.set(buffer, this.#count);
      this.#forget.register(buffer, this.#count++);
    }
    this.#fresh = [];
  }

  /** The current entry is not written. */
  abandon(): void {
    if (this.#fresh.length > 0) this.#fresh = [];
  }
}

/** The receiving end of {@link SentBuffers}. */
export class ReceivedBuffers {
  readonly #buffers = new Map<number, SharedArrayBuffer>();
  /** Numbers of buffers that are gone but whose message, sent with a job that was taken back, is still unread. */
  readonly #gone = new Set<number>();
  readonly #receive: () => readonly SharedArrayBuffer[];
  /** A message could not be read: the number of buffers in it is unknown. */
  #isLost = false;
  /** Buffers that were received and are not all numbered yet. */
  #coming: readonly SharedArrayBuffer[] | undefined;
  #count = 0;

  /** @param receive takes the buffers sent with the entry that is being read. */
  constructor(receive: () => readonly SharedArrayBuffer[]) {
    this.#receive = receive;
  }

  /** Returns the buffer; `undefined` if it is gone, as its job was taken back. */
  get(number: number): SharedArrayBuffer | undefined {
    if (number < this.#count) return this.#buffers.get(number);
    const first = this.#count;
    const fresh = this.#coming ?? this.#take();
    for (const [index, buffer] of fresh.entries())
      if (!this.#gone.has(first + index)) this.#buffers.set(first + index, buffer);
    for (const index of fresh.keys()) this.#gone.delete(first + index);
    this.#count += fresh.length;
    this.#coming = undefined;
    return fresh[number - first];
  }

  #take(): readonly SharedArrayBuffer[] {
    this.#isLost = true;
    const fresh = this.#receive();
    this.#coming = fresh;
    this.#isLost = false;
    return fresh;
  }

  /** Skips a buffer in an entry that could not be read. Throws if the number of the next buffer is unknown. */
  pass(number: number): void {
    if (number < this.#count) return;
    if (this.#isLost) throw new Error('Cannot go on: a message of shared memory could not be read');
    this.get(number);
  }

  forget(number: number): void {
    if (!this.#buffers.delete(number)) this.#gone.add(number);
  }
}
