import { isCrossing } from '../../sync/sharing/crossing.js';
import { cloneFault, type Root } from './clone-fault.js';
import { copyContainer, restore } from './containers.js';
import { refuseStaying } from './staying.js';
import { movables } from './transfer-list.js';
import { planViews, toBuffer, type ViewPlan } from './views.js';

/** A value as it was when it was copied. */
export interface Snapshot {
  readonly value: unknown;
  /** The objects that were moved into the copy, to be moved on with it. */
  readonly moved: readonly unknown[];
}

/**
 * Copies a value that is sent later, as sending it now would. Objects of the library in it stay the same objects.
 *
 * @param transfer objects in the value that are moved into the copy.
 * @throws {NotCloneableError} if it cannot be cloned.
 */
export function snapshot(value: unknown, root: Root, transfer: readonly unknown[]): Snapshot {
  refuseStaying(value, root, { to: 'thread', transfer });
  const moved = transfer.length === 0 ? [] : movables(transfer, value);
  try {
    const views = planViews(value, moved);
    if (views === undefined) return clone({ value, marks: [], buffers: [], moved }, new Map());
  } catch {
    // it contains objects of the library, which the clone refuses, or what cannot be cloned
  }
  try {
    return cloneMarked(value, moved);
  } catch (cause) {
    throw cloneFault({ value, transfer, root, to: 'thread' }, cause);
  }
}

/** Clones a value in which objects of the library are replaced by empty objects, their marks. */
function cloneMarked(value: unknown, moved: readonly unknown[]): Snapshot {
  const views = planViews(value, moved);
  const ours = new Map<object, object>();
  const marked = replaceOurs(value, ours, views);
  return clone({ value: marked, marks: [...ours.keys()], buffers: views?.buffers ?? [], moved }, ours);
}

/** Returns a copy of a value in which objects of the library are replaced by marks, which are added to `ours`. */
function replaceOurs(value: unknown, ours: Map<object, object>, views: ViewPlan | undefined): unknown {
  const copies = new Map<object, unknown>();
  const replace = (item: unknown): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    const known = copies.get(item);
    if (known !== undefined) return known;
    if (!isCrossing(item)) return views?.copies.get(item) ?? copyContainer(item, copies, replace);
    const mark = {};
    copies.set(item, mark);
    ours.set(mark, item);
    return mark;
  };
  return replace(value);
}

interface Marked {
  readonly value: unknown;
  readonly marks: readonly object[];
  /** What is in `value` for each Buffer. */
  readonly buffers: readonly Uint8Array[];
  readonly moved: readonly unknown[];
}

/** @param ours the objects of the library, by their marks. */
function clone(marked: Marked, ours: ReadonlyMap<object, object>): Snapshot {
  const copy: Marked = structuredClone(marked, { transfer: marked.moved as ArrayBuffer[] });
  const restored = new Map<object, unknown>(
    copy.marks.map((mark, index) => [mark, ours.get(marked.marks[index] as object)]),
  );
  for (const buffer of copy.buffers) restored.set(buffer, toBuffer(buffer));
  return { value: restored.size === 0 ? copy.value : restore(copy.value, restored, new Set()), moved: copy.moved };
}
