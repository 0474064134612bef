import { types } from 'node:util';

/** A typed array over shared memory, or all of that memory. */
export interface SharedPart {
  /** Which it is: see `KINDS`. */
  readonly type: number;
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly length: number;
}

type View = new (buffer: SharedArrayBuffer, byteOffset: number, length: number | undefined) => object;

/** The kinds of typed arrays, by number; some are missing in older versions of Node. The buffer itself comes after them. */
const KINDS: readonly string[] = [
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
const BUFFER = KINDS.length;
const DATA_VIEW = BUFFER + 1;
/** The structured clone keeps 32 bits of where a view begins, and of its length: V8 does so up to Node 26, at least. */
const CLONED_BYTES = 2 ** 32 - 1;
const constructors = KINDS.map((name) => Reflect.get(globalThis, name) as View);

// The engine's own, whatever a subclass makes of them.
const typedArray = Object.getPrototypeOf(Int8Array.prototype) as object;
const getterOf = (name: string | symbol): (() => unknown) =>
  Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
const kindOf = getterOf(Symbol.toStringTag);
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

/** The memory of a view, whatever its prototype has become; anything else is itself. */
export function memoryOf<T>(value: T): T | ArrayBufferLike {
  if (!ArrayBuffer.isView(value)) return value;
  return apply((types.isDataView(value) ? ofView : ofTyped).buffer, value, []) as ArrayBufferLike;
}

/** What part of which shared memory an object is; `undefined` where it is none, or one that can grow. */
export function sharedPartOf(object: object): SharedPart | undefined {
  if (isFixed(object)) return { type: BUFFER, buffer: object, byteOffset: 0, length: 0 };
  const type = KINDS.indexOf(apply(kindOf, object, []) as string);
  const buffer = type < 0 ? undefined : (apply(bufferOf, object, []) as object);
  if (buffer === undefined || !isFixed(buffer)) return undefined;
  const byteOffset = apply(byteOffsetOf, object, []) as number;
  return { type, buffer, byteOffset, length: apply(lengthOf, object, []) as number };
}

function isFixed(buffer: object): buffer is SharedArrayBuffer {
  return types.isSharedArrayBuffer(buffer) && (buffer as { readonly growable?: boolean }).growable !== true;
}

/** The other way round. */
export function partOf({ type, buffer, byteOffset, length }: SharedPart | FarPart): object {
  const View = type === DATA_VIEW ? (DataView as View) : constructors[type];
  return View === undefined ? buffer : new View(buffer as SharedArrayBuffer, byteOffset, length);
}

/** A view that a structured clone would make of another part of its memory, as it lies too far behind its beginning. */
export interface FarPart {
  readonly type: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  /** `undefined`: up to the end, however the memory grows. */
  readonly length: number | undefined;
}

export function farPartOf(object: object): FarPart | undefined {
  if (!ArrayBuffer.isView(object)) return undefined;
  const getters = types.isDataView(object) ? ofView : ofTyped;
  const byteOffset = apply(getters.byteOffset, object, []) as number;
  const byteLength = apply(getters.byteLength, object, []) as number;
  if (byteOffset + byteLength <= CLONED_BYTES) return undefined;
  const buffer = memoryOf(object) as ArrayBufferLike;
  const canGrow = (buffer as { readonly growable?: boolean }).growable === true;
  const isOpen = canGrow && byteOffset + byteLength === buffer.byteLength;
  const type = types.isDataView(object) ? DATA_VIEW : KINDS.indexOf(apply(kindOf, object, []) as string);
  const length = types.isDataView(object) ? byteLength : (apply(lengthOf, object, []) as number);
  return { type, buffer, byteOffset, length: isOpen ? undefined : length };
}

/** Whether a buffer's memory was transferred away. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0 || !types.isArrayBuffer(buffer)) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** It was sent once; whether it will be again is not known. */
const MET = -1;

/**
 * The shared memory that the other side knows by number: what is sent a second time. It is then sent to stay there, with the
 * entry that it is in, and from the next time on only its number is.
 */
export class SentBuffers {
  readonly #numbers = new WeakMap<SharedArrayBuffer, number>();
  readonly #forget: FinalizationRegistry<number>;
  readonly #send: (buffers: readonly SharedArrayBuffer[]) => void;
  #count = 0;
  /** Those that the entry in hand is the first to name. */
  #fresh: SharedArrayBuffer[] = [];

  /**
   * @param send sends what belongs to the entry that was just written.
   * @param gone told the number of memory that nobody has here any more.
   */
  constructor(send: (buffers: readonly SharedArrayBuffer[]) => void, gone: (number: number) => void) {
    this.#send = send;
    this.#forget = new FinalizationRegistry(gone);
  }

  /** The buffer's number; `undefined` where it has to be sent itself. */
  numberOf(buffer: SharedArrayBuffer): number | undefined {
    const known = this.#numbers.get(buffer);
    if (known === undefined) this.#numbers.set(buffer, MET);
    // what a structured clone may put into another place is never left to it
    if (known !== MET && (known !== undefined || buffer.byteLength <= CLONED_BYTES)) return known;
    const at = this.#fresh.indexOf(buffer);
    return this.#count + (at < 0 ? this.#fresh.push(buffer) - 1 : at);
  }

  /** The entry in hand is written. */
  keep(): void {
    if (this.#fresh.length === 0) return;
    this.#send(this.#fresh);
    for (const buffer of this.#fresh) {
      this.#numbers.set(buffer, this.#count);
      this.#forget.register(buffer, this.#count++);
    }
    this.#fresh = [];
  }

  /** The entry in hand is not written. */
  abandon(): void {
    if (this.#fresh.length > 0) this.#fresh = [];
  }
}

/** The other side of {@link SentBuffers}. */
export class ReceivedBuffers {
  readonly #buffers = new Map<number, SharedArrayBuffer>();
  /** Gone before they came: with a job that was taken back. */
  readonly #gone = new Set<number>();
  readonly #receive: () => readonly SharedArrayBuffer[];
  /** A message could not be read: how many buffers were in it nobody knows. */
  #isLost = false;
  /** Those that have come and are not all in their places. */
  #coming: readonly SharedArrayBuffer[] | undefined;
  #count = 0;

  /** @param receive takes what was sent with the entry that is being read. */
  constructor(receive: () => readonly SharedArrayBuffer[]) {
    this.#receive = receive;
  }

  /** `undefined` where nobody has it any more: the job was taken back. */
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

  /** Passes over a buffer in an entry that could not be read. Throws where the buffers cannot be counted any more. */
  pass(number: number): void {
    if (number < this.#count) return;
    if (this.#isLost) throw new Error('Cannot go on: a message of shared memory could not be read');
    this.get(number);
  }

  forget(number: number): void {
    if (!this.#buffers.delete(number)) this.#gone.add(number);
  }
}
