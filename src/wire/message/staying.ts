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

/**
 * Refuses a value that contains an object of the library that stays on its thread, such as a Job. The structured clone would turn
 * most of them into empty objects. Searches a few containers only, and calls no getter.
 *
 * @throws {NotCloneableError}
 */
export function refuseStaying(value: unknown, root: Root, to: Destination): void {
  if (!glance(value).some((object) => adviceOf(object) !== undefined)) return; // costs little compared to a clone
  const look = new Look(to);
  if (typeof root === 'string') look.at(value, root);
  else for (const [index, item] of (value as readonly unknown[]).entries()) look.at(item, root.at(index));
}

class Look {
  readonly #to: Destination;
  readonly #seen = new Set<object>();

  constructor(to: Destination) {
    this.#to = to;
  }

  at(value: unknown, path: string): void {
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return;
    const advice = adviceOf(value);
    if (advice !== undefined)
      throw new NotCloneableError(`Cannot send ${path} to another ${this.#to}: it is ${advice}`, { path });
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
