import { types } from 'node:util';
import { describe } from '../errors.js';
import { ofAllVersions, VERSION } from './version.js';

/** A class of some copy of the library. */
interface KnownClass {
  readonly name: string;
  /** Version of the copy. */
  readonly version: string;
  /** Whether all copies of that version take its instances for their own. */
  readonly isOfAllCopies: boolean;
}

/** The classes of all copies in this thread, by prototype. Its shape never changes: see `ofAllVersions`. */
interface KnownClasses {
  readonly byPrototype: WeakMap<object, KnownClass>;
  /** How many copies of the library have registered classes. */
  copies: number;
}

const KEY = Symbol.for(ofAllVersions('classes'));
const globals = globalThis as typeof globalThis & { [KEY]?: KnownClasses };
// sealed: see `sealed` in `wakeup.ts`
globals[KEY] ??= Object.seal({ byPrototype: new WeakMap<object, KnownClass>(), copies: 0 });
const known: KnownClasses = globals[KEY];
known.copies++;

/** Prototypes of this copy's classes. */
const own = new WeakSet<object>();
const { getPrototypeOf } = Object;

/** Registers a class, so that other copies of the library recognize its instances and refuse them by name. */
export function registerClass(
  ofClass: { readonly prototype: object },
  options: { readonly name: string; readonly isOfAllCopies: boolean },
): void {
  own.add(ofClass.prototype);
  known.byPrototype.set(ofClass.prototype, { ...options, version: VERSION });
}

/** Like `describe`, but says of an object of another copy of the library that it is one. */
export function describeReceived(value: unknown): string {
  const foreign = foreignClassOf(value);
  if (foreign === undefined) return describe(value);
  return foreign.version === VERSION
    ? `a ${foreign.name} of another copy of thread-system ${VERSION}`
    : ofOtherVersion(foreign);
}

/** Whether a value is an object of another copy of the library. */
export function isForeign(value: unknown): boolean {
  return foreignClassOf(value) !== undefined;
}

/** Says of an object of another copy of the library why it cannot be sent; returns `undefined` for others. */
export function adviceOnForeign(value: object): string | undefined {
  const foreign = foreignClassOf(value);
  if (foreign === undefined) return undefined;
  return foreign.version === VERSION ? `a ${foreign.name}, which stays on its thread` : ofOtherVersion(foreign);
}

function ofOtherVersion({ name, version }: KnownClass): string {
  return `a ${name} of thread-system ${version}, while this is thread-system ${VERSION}`;
}

/** Returns the class of an object that this copy does not take for its own; `undefined` for any other value. */
function foreignClassOf(value: unknown): KnownClass | undefined {
  if (known.copies === 1 || typeof value !== 'object' || value === null || types.isProxy(value)) return undefined;
  for (let at: object | null = getPrototypeOf(value); at !== null; at = getPrototypeOf(at)) {
    const found = known.byPrototype.get(at);
    if (found === undefined) continue;
    const isOwn = found.version === VERSION && (found.isOfAllCopies || own.has(at));
    return isOwn ? undefined : found;
  }
  return undefined;
}
