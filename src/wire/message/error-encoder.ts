import { types } from 'node:util';
import { describe, messageOf, stackOf } from '../../errors.js';
import { toBytes } from '../process/process-bytes.js';
import { ItemFailure } from './item-failure.js';
import { withoutOwnFrames } from './own-frames.js';
import { standardNameOf } from './standard-errors.js';

/**
 * A thrown value as plain data, so that whatever was thrown arrives. `parts[0]` is what was thrown. Errors refer to one another
 * by their index in `parts`, so that one that occurs twice, or among its own causes, is encoded once.
 */
export interface ErrorRecord {
  readonly parts: readonly Part[];
  /** Index of the item by which it was thrown, if the job was for a list of items. */
  readonly item?: number;
}

export type Part = ErrorPart | ValuePart;

export interface ErrorPart {
  readonly kind: 'error';
  /** Names of the error's classes, the most derived first. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly stack: string | undefined;
  readonly name: string | undefined;
  readonly properties: readonly Property[];
}

/**
 * A value of the user's in a record. Objects are serialized to bytes if possible, so that the record can be read even if the
 * object cannot.
 */
export type Sealed = { readonly bytes: Uint8Array } | { readonly value: unknown };

interface ValuePart {
  readonly kind: 'value';
  readonly value: Sealed;
  /** Set if the value is a text that stands for a value that cannot cross. */
  readonly isLost?: true;
}

interface Property {
  readonly key: string;
  readonly isEnumerable: boolean;
  readonly content: Content;
}

export type Content =
  | ValuePart
  | { readonly kind: 'part'; readonly part: number }
  /** A list of errors or other values. It has no item for a hole. */
  | { readonly kind: 'list'; readonly length: number; readonly items: readonly (readonly [string, Content])[] };

export type Clone = (value: unknown) => unknown;

/** How many errors are encoded that getters have made: a getter may make another each time it is read. */
const MAX_MADE = 500;
const MAX_TEXT = 256 * 1024;
/** Properties that have a field of their own in the record. */
const OWN_FIELDS = new Set(['message', 'stack', 'name']);
const LEFT_OUT: Content = { kind: 'value', value: { value: '[further causes left out]' } };
const UNREADABLE: ValuePart = {
  kind: 'value',
  value: { value: '[an object that throws when it is read]' },
  isLost: true,
};

const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, keys: keysOf } = Object;

/**
 * Returns the record of a thrown value, an error or not. Never throws.
 *
 * @param clone clones a value for the record's destination, and throws if it cannot go there.
 */
export function encodeError(thrown: unknown, clone: Clone = structuredClone): ErrorRecord {
  if (ItemFailure.is(thrown)) return { ...encodeError(thrown.thrown, clone), item: thrown.item };
  const passed = typeof thrown === 'object' && thrown !== null ? passing?.get(thrown) : undefined;
  if (passed !== undefined) return passed;
  try {
    return new Encoder(clone).encode(thrown);
  } catch {
    return bareRecord(thrown);
  }
}

/** Returns a record of the message alone, for when built-ins that encoding needs are broken, such as by a task. */
function bareRecord(thrown: unknown): ErrorRecord {
  const message = messageOf(thrown);
  return { parts: [{ kind: 'error', classes: ['Error'], message, stack: undefined, name: undefined, properties: [] }] };
}

/** The records of decoded errors, in threads that only pass errors on. */
let passing: WeakMap<object, ErrorRecord> | undefined;

/**
 * From now on a decoded error is encoded as the record that it came as. For threads between a pool and its child processes, where
 * its class need not be known.
 */
export function passErrorsOn(): void {
  passing ??= new WeakMap();
}

/** Remembers the record of a decoded error if errors are passed on. */
export function decoded(error: Error, record: ErrorRecord): void {
  if (passing !== undefined && record.parts.every(isPortable)) passing.set(error, record);
}

/** Whether a part can go to another process. */
function isPortable(part: Part | Content): boolean {
  switch (part.kind) {
    case 'value':
      return 'bytes' in part.value || part.value.value === null || typeof part.value.value !== 'object';
    case 'error':
      return part.properties.every(({ content }) => isPortable(content));
    case 'list':
      return part.items.every(([, item]) => isPortable(item));
    case 'part':
      return true;
  }
}

class Encoder {
  readonly #clone: Clone;
  readonly #parts: Part[] = [];
  /** The errors found so far. The index of each is its index in `parts`. */
  readonly #met: { readonly error: object; readonly isMade: boolean }[] = [];
  #made = 0;
  readonly #numbers = new Map<object, number>();
  readonly #copies = new Map<object, ValuePart>();

  constructor(clone: Clone) {
    this.#clone = clone;
  }

  encode(thrown: unknown): ErrorRecord {
    const content = this.#contentOf(thrown, false);
    if (content.kind === 'value') return { parts: [content] };
    // not recursive, as causes may be nested deeper than the stack
    for (let next = this.#met[0]; next !== undefined; next = this.#met[this.#parts.length])
      this.#parts.push(this.#read(next.error, next.isMade));
    return { parts: this.#parts };
  }

  #read(error: object, isMade: boolean): Part {
    try {
      const message = text(read(error, 'message')) ?? '';
      const name = text(read(error, 'name'));
      return {
        kind: 'error',
        classes: classNames(error),
        message,
        stack: text(withoutOwnFrames(stackOf(error, headerOf(name, message)), message)),
        name,
        properties: this.#propertiesOf(error, isMade || types.isProxy(error)),
      };
    } catch {
      return withMessageOnly(error);
    }
  }

  #propertiesOf(error: object, isMade: boolean): Property[] {
    const properties: Property[] = [];
    const names = getOwnPropertyNames(error);
    for (const key of names) {
      if (OWN_FIELDS.has(key)) continue;
      const { enumerable: isEnumerable = false, get } = getOwnPropertyDescriptor(error, key) ?? {};
      if (!isEnumerable && get !== undefined && key !== 'cause' && key !== 'errors') continue;
      const content = this.#contentOfProperty(error, key, isMade || get !== undefined);
      // a hidden property that cannot cross is left out, e.g. a method of Node's errors
      if (isEnumerable || content.kind !== 'value' || content.isLost !== true)
        properties.push({ key, isEnumerable, content });
    }
    // a getter of the class
    if (!names.includes('errors') && Array.isArray(read(error, 'errors')))
      properties.push({ key: 'errors', isEnumerable: false, content: this.#contentOfProperty(error, 'errors', true) });
    return properties;
  }

  #contentOfProperty(error: object, key: string, isMade: boolean): Content {
    const value = read(error, key);
    if (key !== 'errors' || !Array.isArray(value)) return this.#contentOf(value, isMade);
    const items = keysOf(value).map((index) => [index, this.#contentOf(read(value, index), isMade)] as const);
    return { kind: 'list', length: value.length, items };
  }

  /** @param isMade whether a getter has made the value, or an error that it was read from. */
  #contentOf(value: unknown, isMade: boolean): Content {
    try {
      if (typeof value !== 'object' || value === null || !isErrorLike(value)) return this.#copyOf(value);
    } catch {
      return UNREADABLE;
    }
    const known = this.#numbers.get(value);
    if (known !== undefined) return { kind: 'part', part: known };
    if (isMade && this.#made++ >= MAX_MADE) return LEFT_OUT;
    const part = this.#met.push({ error: value, isMade }) - 1;
    this.#numbers.set(value, part);
    return { kind: 'part', part };
  }

  /** Clones a value now, as it may change before the record is sent; once, as many errors may refer to it. */
  #copyOf(value: unknown): ValuePart {
    if (typeof value === 'function' || typeof value === 'symbol') return lost(value);
    if (typeof value !== 'object' || value === null) return { kind: 'value', value: { value } };
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const copy = seal(value, this.#clone);
    this.#copies.set(value, copy);
    return copy;
  }
}

function seal(value: object, clone: Clone): ValuePart {
  try {
    return { kind: 'value', value: { bytes: toBytes(value) } };
  } catch {
    // shared memory, or an object that only Node.js can clone
  }
  try {
    return { kind: 'value', value: { value: clone(value) } };
  } catch {
    return lost(value);
  }
}

function lost(value: unknown): ValuePart {
  return { kind: 'value', value: { value: `[${describe(value)}, which cannot be cloned]` }, isLost: true };
}

/** Returns the part of an error that cannot be read any further. */
function withMessageOnly(thrown: object): Part {
  if (!types.isNativeError(thrown)) return UNREADABLE;
  const message = messageOf(thrown);
  return { kind: 'error', classes: ['Error'], message, stack: undefined, name: undefined, properties: [] };
}

/** Reads a property. If its getter throws, returns a text that says so. */
function read(object: object, key: string): unknown {
  try {
    return Reflect.get(object, key);
  } catch (error) {
    return `[getter threw ${messageOf(error)}]`;
  }
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}… (${value.length} characters)`;
}

/** Returns the line with which V8 begins a stack. */
function headerOf(name = 'Error', message: string): string {
  return message === '' ? name : `${name}: ${message}`;
}

function isErrorLike(value: object): boolean {
  return (
    types.isNativeError(value) ||
    value instanceof Error ||
    Object.prototype.toString.call(value) === '[object DOMException]'
  );
}

function classNames(error: object): string[] {
  const names: string[] = [];
  for (let prototype: unknown = getPrototypeOf(error); prototype !== null; prototype = getPrototypeOf(prototype)) {
    const name =
      standardNameOf(prototype as object) ??
      (read(prototype as object, 'constructor') as { readonly name?: unknown } | undefined)?.name;
    if (typeof name === 'string' && name !== 'Object') names.push(name);
  }
  return names;
}
