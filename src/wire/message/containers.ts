import { types } from 'node:util';
import { define } from '../../base/define.js';
import { isContainer } from './clone-search.js';

type Replace = (item: unknown) => unknown;

/** Returns a copy of an array, a plain object, a Map or a Set with its items replaced; anything else as it is. */
export function copyContainer(item: object, copies: Map<object, unknown>, replace: Replace): unknown {
  if (Array.isArray(item)) {
    const copy: unknown[] = [];
    copies.set(item, copy);
    const keys = Object.keys(item);
    if (keys.length === item.length && Object.hasOwn(item, item.length - 1)) {
      for (let i = 0; i < keys.length; i++) copy.push(replace(item[i]));
      return copy;
    }
    copy.length = item.length; // by key, so that holes stay holes
    for (const key of keys) define(copy, key, replace(Reflect.get(item, key)));
    return copy;
  }
  if (types.isMap(item)) {
    const copy = new Map<unknown, unknown>();
    copies.set(item, copy);
    for (const [key, child] of item.entries()) copy.set(replace(key), replace(child));
    return copy;
  }
  if (types.isSet(item)) {
    const copy = new Set<unknown>();
    copies.set(item, copy);
    for (const child of item.values()) copy.add(replace(child));
    return copy;
  }
  if (!isContainer(item)) return item;
  const copy: Record<string, unknown> = {};
  copies.set(item, copy);
  for (const key of Object.keys(item)) define(copy, key, replace(Reflect.get(item, key)));
  return copy;
}

/** Replaces each mark by what was revived for it. In place, as nothing else refers to the clone yet. */
export function restore(item: unknown, revived: ReadonlyMap<object, unknown>, seen: Set<object>): unknown {
  if (typeof item !== 'object' || item === null) return item;
  if (revived.has(item)) return revived.get(item);
  if (seen.has(item)) return item;
  seen.add(item);
  if (types.isMap(item)) {
    const entries = [...item];
    item.clear();
    for (const [key, child] of entries) item.set(restore(key, revived, seen), restore(child, revived, seen));
  } else if (types.isSet(item)) {
    const children = [...item];
    item.clear();
    for (const child of children) item.add(restore(child, revived, seen));
  } else if (isContainer(item)) {
    for (const key of Object.keys(item)) {
      const child: unknown = Reflect.get(item, key);
      const restored = restore(child, revived, seen);
      if (restored !== child) define(item, key, restored);
    }
  }
  return item;
}
