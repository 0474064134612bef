import { types } from 'node:util';
import { describe, messageOf, stackOf } from '../../errors.js';
import { toBytes } from '../process/process-bytes.js';
import { withoutOwnFrames } from './own-frames.js';
import { standardNameOf } from './standard-errors.js';

/**
 * Anything thrown as it crosses: plain data, so that whatever was thrown arrives. Errors refer to one another by their
 * numbers in `parts`, of which the first is what was thrown: one that is there twice, or among its own causes, is encoded once.
 */
export interface ErrorRecord {
  readonly parts: readonly Part[];
}

export type Part = ErrorPart | ValuePart;

export interface ErrorPart {
  readonly kind: 'error';
  /** Names of its classes, the most derived first. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly stack: string | undefined;
  readonly name: string | undefined;
  readonly properties: readonly Property[];
}

/**
 * A value of somebody's in a record. An object is as bytes of its own where it can be, so that the record can be read even
 * where the object cannot: an error arrives, whatever it carries.
 */
export type Sealed = { readonly bytes: Uint8Array } | { readonly value: unknown };

interface ValuePart {
  readonly kind: 'value';
  readonly value: Sealed;
  /** The value is a text that stands for one that cannot cross. */
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
  /** A list of errors, or of whatever else; without an item where it has a hole. */
  | { readonly kind: 'list'; readonly length: number; readonly items: readonly (readonly [string, Content])[] };

export type Clone = (value: unknown) => unknown;

/** How many errors are taken of those that code makes when it is asked: a getter may make one of another without end. */
const MAX_MADE = 500;
const MAX_TEXT = 256 * 1024;
/** Fields of their own in the record. */
const OWN_FIELDS = new Set(['message', 'stack', 'name']);
const LEFT_OUT: Content = { kind: 'value', value: { value: '[further causes left out]' } };
const UNREADABLE: ValuePart = {
  kind: 'value',
  value: { value: '[an object that throws when it is read]' },
  isLost: true,
};

const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, keys: keysOf } = Object;

/**
 * The record of anything thrown, an error or not. Never throws, whatever that is made of.
 *
 * @param clone clones what can go where the record goes, and throws for what cannot.
 */
export function encodeError(thrown: unknown, clone: Clone = structuredClone): ErrorRecord {
  const passed = typeof thrown === 'object' && thrown !== null ? passing?.get(thrown) : undefined;
  if (passed !== undefined) return passed;
  try {
    return new Encoder(clone).encode(thrown);
  } catch {
    return bareRecord(thrown);
  }
}

/** Where what encoding needs is itself out of order, such as lists that nothing can be added to: the message alone. */
function bareRecord(thrown: unknown): ErrorRecord {
  const message = messageOf(thrown);
  return { parts: [{ kind: 'error', classes: ['Error'], message, stack: undefined, name: undefined, properties: [] }] };
}

/** Where errors are only passed on: their records, by what they were decoded to. */
let passing: WeakMap<object, ErrorRecord> | undefined;

/**
 * From now on an error that came goes on as it came, as on the way between the pool and its child processes: neither its class
 * nor what it carries need be known on the way.
 */
export function passErrorsOn(): void {
  passing ??= new WeakMap();
}

/** An error was decoded from the record: see {@link passErrorsOn}. */
export function decoded(error: Error, record: ErrorRecord): void {
  if (passing !== undefined && record.parts.every(isPortable)) passing.set(error, record);
}

/** Whether it holds nothing that only a thread of the same process can be given. */
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
  readonly #deps: Part[] = [];
  /** The errors met: the number of each is its place. */
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
    // not recursive: causes may lie deeper than a stack goes
    for (let next = this.#met[0]; next !== undefined; next = this.#met[this.#deps.length])
      this.#deps.push(this.#read(next.error, next.isMade));
    return { parts: this.#deps };
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
      // a hidden property that cannot cross is the class's own affair, e.g. a method of Node's errors
      if (isEnumerable || content.kind !== 'value' || content.isLost !== true)
        properties.push({ key, isEnumerable, content });
    }
    // where it is a getter of the class
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

  /** @param isMade whether code has made it, just now, or an error before it. */
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

  /** Cloned now, as it may change before the record goes; once, as many errors may hold it. */
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
    // shared memory, or what only Node can clone
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

/** The record of what cannot be read further, or where what reads it is broken. */
function withMessageOnly(thrown: object): Part {
  if (!types.isNativeError(thrown)) return UNREADABLE;
  const message = messageOf(thrown);
  return { kind: 'error', classes: ['Error'], message, stack: undefined, name: undefined, properties: [] };
}

/** Reads a property that may throw. */
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

/** How a stack begins. */
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
