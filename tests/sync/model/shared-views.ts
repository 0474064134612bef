/** How a view's memory is accessed, by the addresses of its words. */
interface Accesses {
  read(at: number): number;
  /** Writes those bits of the word that are set in the mask. */
  write(at: number, value: number, mask: number): void;
}

// a global of the test environment is looked up anew, slowly, at each use
const { get: getOf } = Reflect;

const WORD = 0xffff_ffff | 0;

const float = new Float64Array(1);
const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);
const floatBits = new Int32Array(float.buffer);

type Encoding = 'latin1' | 'utf16le';

/** How an element of a view is read and written. */
interface Elements {
  readonly name: string;
  get(at: number, index: number): number;
  set(at: number, index: number, value: number): void;
}

/**
 * Views of a model's memory for code under test: each access to an element is an operation of the model. In place of the
 * typed arrays' own constructors, of which code makes its views, and of `Buffer`.
 */
export class SharedViews {
  readonly #baseOf: (buffer: ArrayBufferLike) => number | undefined;
  readonly #accesses: Accesses;
  readonly #made = new Map<ArrayBufferLike, Map<string, object>>();
  readonly #targets = new WeakMap<object, ArrayBufferView>();
  areUsed = false;

  readonly Int32Array: typeof globalThis.Int32Array;
  readonly Float64Array: typeof globalThis.Float64Array;
  readonly Float32Array: typeof globalThis.Float32Array;
  readonly Buffer: unknown;

  constructor(baseOf: (buffer: ArrayBufferLike) => number | undefined, accesses: Accesses) {
    this.#baseOf = baseOf;
    this.#accesses = accesses;
    this.Int32Array = this.#int32Array();
    this.Float64Array = this.#constructorOf(globalThis.Float64Array, this.#floats());
    this.Float32Array = this.#constructorOf(globalThis.Float32Array, this.#singles());
    this.Buffer = Object.assign(Object.create(globalThis.Buffer), {
      from: (buffer: ArrayBufferLike) => this.#make(new Uint8Array(buffer), this.#bytes()),
      prototype: Object.assign(Object.create(globalThis.Buffer.prototype), { toString: readText, write: writeText }),
    });
  }

  words(words: Int32Array): Int32Array {
    return this.#make(words, this.#wordElements());
  }

  /** Whose getter of the memory knows our views. */
  #int32Array(): typeof globalThis.Int32Array {
    const { Int32Array: platform } = globalThis;
    const targets = this.#targets;
    function made(...given: unknown[]): Int32Array {
      return Reflect.construct(platform, given) as Int32Array;
    }
    made.BYTES_PER_ELEMENT = platform.BYTES_PER_ELEMENT;
    made.prototype = Object.create(platform.prototype, {
      buffer: {
        get(this: Int32Array) {
          return (targets.get(this) ?? this).buffer;
        },
      },
    }) as object;
    return made as unknown as typeof globalThis.Int32Array;
  }

  #constructorOf<C extends new (...args: never[]) => ArrayBufferView>(platform: C, elements: Elements): C {
    return new Proxy(platform, {
      construct: (target, [given, ...others]) => {
        const made = Reflect.construct(target, [given, ...others]) as ArrayBufferView;
        return this.#baseOf(made.buffer) === undefined ? made : this.#make(made, elements);
      },
    });
  }

  #make<V extends ArrayBufferView>(view: V, elements: Elements): V {
    this.areUsed = true;
    const base = this.#baseOf(view.buffer);
    if (base === undefined) throw new Error('A view was made of memory that the model does not know');
    let known = this.#made.get(view.buffer);
    if (known === undefined) {
      known = new Map();
      this.#made.set(view.buffer, known);
    }
    const made = known.get(elements.name) ?? viewOf(view, elements, base);
    known.set(elements.name, made);
    this.#targets.set(made, view);
    return made as V;
  }

  #wordElements(): Elements {
    const { read, write } = this.#accesses;
    return {
      name: 'words',
      get: (at, index) => read(at + index),
      set: (at, index, value) => write(at + index, value | 0, WORD),
    };
  }

  #floats(): Elements {
    const { read, write } = this.#accesses;
    return {
      name: 'floats',
      get: (at, index) => {
        const low = read(at + 2 * index);
        const high = read(at + 2 * index + 1);
        floatBits[0] = low;
        floatBits[1] = high;
        return float[0] ?? 0;
      },
      set: (at, index, value) => {
        float[0] = value;
        const [low = 0, high = 0] = floatBits;
        write(at + 2 * index, low, WORD);
        write(at + 2 * index + 1, high, WORD);
      },
    };
  }

  #singles(): Elements {
    const { read, write } = this.#accesses;
    return {
      name: 'singles',
      get: (at, index) => {
        singleBits[0] = read(at + index);
        return single[0] ?? 0;
      },
      set: (at, index, value) => {
        single[0] = value;
        write(at + index, singleBits[0] ?? 0, WORD);
      },
    };
  }

  #bytes(): Elements {
    const { read, write } = this.#accesses;
    return {
      name: 'bytes',
      get: (at, index) => (read(at + (index >> 2)) >> (8 * (index & 3))) & 0xff,
      set: (at, index, value) => write(at + (index >> 2), value << (8 * (index & 3)), 0xff << (8 * (index & 3))),
    };
  }
}

function viewOf(view: ArrayBufferView, { get, set }: Elements, base: number): object {
  const { length } = view as Int32Array;
  return new Proxy(view, {
    get: (target, key) => {
      if (!isIndex(key)) return getOf(target, key, target) as unknown;
      return +key < length ? get(base, +key) : undefined;
    },
    set: (_target, key, value: number) => {
      if (!isIndex(key)) return false;
      if (+key < length) set(base, +key, value);
      return true;
    },
  });
}

function isIndex(key: string | symbol): key is string {
  return typeof key === 'string' && key >= '0' && key < ':';
}

function readText(this: Uint8Array, encoding: Encoding, start: number, end: number): string {
  const bytes: number[] = [];
  for (let at = start; at < Math.min(end, this.length); at++) bytes.push(this[at] ?? 0);
  return globalThis.Buffer.from(bytes).toString(encoding);
}

function writeText(this: Uint8Array, text: string, start: number, encoding: Encoding): number {
  const bytes = globalThis.Buffer.from(text, encoding);
  for (const [index, byte] of bytes.entries()) this[start + index] = byte;
  return bytes.length;
}
