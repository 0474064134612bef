import { isCrossing } from '../../sync/sharing/crossing.js';
import { cloneFault, type Root } from './clone-fault.js';
import { copyContainer, restore } from './containers.js';
import { refuseStaying } from './staying.js';
import { movables } from './transfer-list.js';

/** A value as it was when it was copied. */
export interface Snapshot {
  readonly value: unknown;
  /** The objects that were moved into the copy, to be moved on with it. */
  readonly moved: readonly unknown[];
}

/**
 * Copies a value that is sent later, as the structured clone would. Objects of the library in it stay the same objects.
 *
 * @param transfer objects in the value that are moved into the copy.
 * @throws {NotCloneableError}
 */
export function snapshot(value: unknown, root: Root, transfer: readonly unknown[]): Snapshot {
  refuseStaying(value, root, { to: 'thread', transfer });
  const moved = transfer.length === 0 ? [] : movables(transfer, value);
  try {
    return cloned(value, moved);
  } catch (cause) {
    const marked = replaceOurs(value);
    if (marked.ours.size === 0) throw cloneFault({ value, transfer, root, to: 'thread' }, cause);
    return cloneMarked(marked, { root, moved });
  }
}

function cloned(value: unknown, moved: readonly unknown[]): Snapshot {
  const copy = structuredClone({ value, moved }, { transfer: moved as ArrayBuffer[] });
  return { value: copy.value, moved: copy.moved };
}

/** A value in which objects of the library are replaced by empty objects, their marks. */
interface Marked {
  readonly value: unknown;
  readonly ours: ReadonlyMap<object, object>;
}

function replaceOurs(value: unknown): Marked {
  const ours = new Map<object, object>();
  const copies = new Map<object, unknown>();
  const replace = (item: unknown): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    const known = copies.get(item);
    if (known !== undefined) return known;
    if (!isCrossing(item)) return copyContainer(item, copies, replace);
    const mark = {};
    copies.set(item, mark);
    ours.set(mark, item);
    return mark;
  };
  return { value: replace(value), ours };
}

function cloneMarked(
  { value, ours }: Marked,
  { root, moved }: { readonly root: Root; readonly moved: readonly unknown[] },
): Snapshot {
  const marks = [...ours.keys()];
  let copy: { readonly value: unknown; readonly marks: readonly object[]; readonly moved: readonly unknown[] };
  try {
    copy = structuredClone({ value, marks, moved }, { transfer: moved as ArrayBuffer[] });
  } catch (cause) {
    throw cloneFault({ value, transfer: moved, root, to: 'thread' }, cause);
  }
  const restored = new Map(copy.marks.map((mark, index) => [mark, ours.get(marks[index] as object)]));
  return { value: restore(copy.value, restored, new Set()), moved: copy.moved };
}
