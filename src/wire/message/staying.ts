import { types } from 'node:util';
import { NotCloneableError } from '../../errors.js';
import { adviceOf } from '../../sync/sharing/crossing.js';
import type { Root } from './clone-fault.js';
import { type Destination, isContainer } from './clone-search.js';
import { glance } from './glance.js';

/** How many containers of a value are searched. */
const MOST_CONTAINERS = 64;
/** How many items of each container are searched. */
const MOST_ITEMS = 32;

const { getOwnPropertyDescriptor, keys: keysOf } = Object;

interface Sending {
  readonly to: Destination;
  /** What is moved with the value, such as a signal of `util.transferableAbortSignal`. */
  readonly transfer: readonly unknown[];
}

/**
 * Refuses a value that contains an object that stays on its thread, such as a Job or an AbortSignal. The structured clone would turn
 * most of them into empty objects. Searches a few containers only, and calls no getter.
 *
 * @throws {NotCloneableError} if it contains one.
 */
export function refuseStaying(value: unknown, root: Root, sending: Sending): void {
  if (!glance(value).some((object) => stayingAdvice(object, sending) !== undefined)) return; // costs little compared to a clone
  const look = new StayingSearch(sending);
  if (typeof root === 'string') look.at(value, root);
  else for (const [index, item] of (value as readonly unknown[]).entries()) look.at(item, root.at(index));
}

// Captured, as a task may replace them.
const { AbortController, AbortSignal, URL } = globalThis;

function stayingAdvice(value: object, { transfer }: Sending): string | undefined {
  return adviceOf(value) ?? (transfer.includes(value) ? undefined : adviceOnPlatform(value));
}

/** Advice on objects of the platform that Node.js 20 turns into empty objects, and later versions refuse. */
function adviceOnPlatform(value: object): string | undefined {
  if (value instanceof AbortController) return `an AbortController; ${BY_OPTION}`;
  if (value instanceof AbortSignal) return `an AbortSignal; ${BY_OPTION}`;
  return value instanceof URL ? 'a URL; pass its href' : undefined;
}

const BY_OPTION =
  'pass the signal as an option, { signal }, and read currentJob().signal in the task, or pass a CancellationToken';

class StayingSearch {
  readonly #sending: Sending;
  readonly #seen = new Set<object>();

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  at(value: unknown, path: string): void {
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return;
    const advice = stayingAdvice(value, this.#sending);
    if (advice !== undefined)
      throw new NotCloneableError(`Cannot send ${path} to another ${this.#sending.to}: it is ${advice}`, { path });
    if (this.#seen.size >= MOST_CONTAINERS || types.isProxy(value) || !isContainer(value)) return;
    this.#seen.add(value);
    if (types.isMap(value)) this.#intoMap(value, path);
    else if (types.isSet(value)) this.#intoSet(value, path);
    else this.#intoProperties(value, path);
  }

  #intoMap(map: ReadonlyMap<unknown, unknown>, path: string): void {
    let index = 0;
    for (const [key, item] of map.entries()) {
      if (index === MOST_ITEMS) return;
      this.at(key, `${path}.keys()[${index}]`);
      const name = typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? `#${index}` : String(key);
      this.at(item, `${path}.get(${name})`);
      index++;
    }
  }

  #intoSet(set: ReadonlySet<unknown>, path: string): void {
    let index = 0;
    for (const item of set.values()) {
      if (index === MOST_ITEMS) return;
      this.at(item, `${path}.values()[${index++}]`);
    }
  }

  #intoProperties(object: object, path: string): void {
    const isList = Array.isArray(object);
    const length = isList ? Math.min(object.length, MOST_ITEMS) : 0;
    const names = isList ? Array.from({ length }, (_, index) => String(index)) : keysOf(object).slice(0, MOST_ITEMS);
    for (const name of names) {
      const item: unknown = getOwnPropertyDescriptor(object, name)?.value;
      if (typeof item === 'object') this.at(item, isList ? `${path}[${name}]` : path + stepTo(name));
    }
  }
}

function stepTo(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
