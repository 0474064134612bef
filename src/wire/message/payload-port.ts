import { types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { define } from '../../base/define.js';
import { CROSS, type CrossingHandle, isCrossing, type Transferable } from '../../sync/sharing/crossing.js';
import type { Peer } from '../../sync/sharing/registry.js';
import { type FarPart, farPartOf, isDetached, partOf } from '../lane/known-buffers.js';
import { Tag } from '../lane/ring.js';
import { cloneFault, explain, type Root, unexplained } from './clone-fault.js';
import { isContainer } from './clone-search.js';
import { isFreeStream, type MovedStream, moveStream, portsOf, type StreamHandle, streamOf } from './moved-streams.js';
import { arrive } from './shared-objects.js';
import { refuseStaying } from './staying.js';
import { movables } from './transfer-list.js';

type TransferList = readonly unknown[];
/** A transfer list, as this version of Node's types names it. */
type Movables = Parameters<MessagePort['postMessage']>[1];

/**
 * How a value crosses that holds objects of ours, such as tokens. In `root` each is replaced by an empty object, listed
 * in `marks`; the structured clone keeps their identity, so that no value of a user's can be taken for one.
 */
interface Envelope {
  readonly root: unknown;
  readonly marks: readonly object[];
  readonly handles: readonly (CrossingHandle | FarPart)[];
  /** Streams that are moved. */
  readonly streams?: readonly { readonly mark: object; readonly handle: StreamHandle }[];
  /** Ports that a task moves, as they are in `root`. */
  readonly ports?: readonly MessagePort[];
}

/** A value that can be sent, and the tag to receive it by. */
export interface Copy {
  readonly message: unknown;
  /** What is moved with it. */
  readonly moved: readonly unknown[];
  readonly tag: number;
}

const MISPLACED_VIEW =
  'a view that ends more than 4 GiB behind the beginning of its memory is in an instance of a class';
/** How many items of a list are looked at for objects of ours before it is sent. What is not seen is found by a fault. */
const GLANCE_ITEMS = 64;
/** How deep, and among how many parts of each object, a view is looked for that lies far behind the beginning of its memory. */
const FAR_DEPTH = 3;
const FAR_PARTS = 8;

/** One side of a payload channel: sends and receives the values that do not go inline. */
export class PayloadPort {
  readonly #port: MessagePort;
  readonly #peer: Peer;

  constructor(port: MessagePort, peer: Peer) {
    this.#port = port;
    this.#peer = peer;
  }

  /**
   * Sends a value as a message of its own and answers the tag to receive it by.
   *
   * @throws {NotCloneableError}
   */
  send(value: unknown, root: Root, transfer: TransferList = []): number {
    refuseStaying(value, root, this.#to);
    const moved = transfer.length === 0 ? [] : movables(transfer, value);
    const refused = { value, transfer, root, to: this.#to };
    // as the structured clone refuses it; but that of Node.js 20 makes an empty buffer of it
    if (moved.some(isDetachedBuffer))
      throw unexplained(
        refused,
        new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError'),
      );
    if (moved.length > 0 && this.#peer.sharesMemory && moved.some(goesOn)) return this.#sendLive(value, root, moved);
    let fault = (cause: unknown): Error => cloneFault(refused, cause);
    if (!holdsCrossing(value) && !this.#holdsFarView(value)) {
      try {
        this.#port.postMessage(value, moved as Movables);
        return Tag.MESSAGE;
      } catch (cause) {
        // only now is it worth looking for objects of ours: they are made to be refused
        const why = explain(refused, cause);
        if (why instanceof Error) throw why;
        if (why === 'too large') fault = (): Error => unexplained(refused, cause);
      }
    }
    let envelope: Envelope;
    try {
      envelope = this.#wrap(value);
    } catch (cause) {
      throw fault(cause); // a getter that throws, or shared memory for another process
    }
    if (envelope.marks.length === 0) throw fault(new Error(MISPLACED_VIEW));
    return this.#sendEnvelope(envelope, root, moved);
  }

  /**
   * A copy of a value as it is now, to be sent later by `post`.
   *
   * @throws {NotCloneableError}
   */
  copy(value: unknown, root: Root, transfer?: TransferList): Copy {
    let message: unknown;
    let moved: TransferList = [];
    const port = {
      postMessage: (given: unknown, transfer: ArrayBuffer[]): void => {
        const copy = structuredClone({ given, transfer }, { transfer });
        message = copy.given;
        moved = copy.transfer;
      },
    };
    const tag = new PayloadPort(port as unknown as MessagePort, this.#peer).send(value, root, transfer);
    return { message, moved, tag };
  }

  post({ message, moved }: Copy): void {
    this.#port.postMessage(message, moved as Movables);
  }

  /** Unpacks a message that was sent under `tag`. */
  open(message: unknown, tag: number): unknown {
    if (tag !== Tag.ENVELOPE) return message;
    const { root, marks, handles, streams = [], ports = [] } = message as Envelope;
    const arrived = new Map<object, unknown>();
    for (const { mark, handle } of streams) {
      for (const port of portsOf(handle)) this.#peer.linked?.(port);
      arrived.set(mark, streamOf(handle));
    }
    for (const port of ports) this.#peer.lent?.(port);
    for (const [index, handle] of handles.entries()) {
      const mark = marks[index];
      if (mark !== undefined) arrived.set(mark, 'buffer' in handle ? partOf(handle) : arrive(handle, this.#peer));
    }
    return restore(root, arrived, new Set());
  }

  get #to(): 'thread' | 'process' {
    return this.#peer.sharesMemory ? 'thread' : 'process';
  }

  /** Moves what can be reached of the streams as `moved-streams.ts` does; the rest is Node's affair. */
  #sendLive(value: unknown, root: Root, transfer: readonly Transferable[]): number {
    const streams: readonly object[] = transfer.filter(isFreeStream);
    const moved = new Map<object, { readonly mark: object; readonly stream: MovedStream }>();
    const envelope = this.#wrap(value, (item) => {
      if (!streams.includes(item)) return undefined;
      const mark = {};
      moved.set(item, { mark, stream: moveStream(item as ReadableStream) });
      return mark;
    });
    const all = [...moved.values()];
    const ports = transfer.filter((item) => item instanceof MessagePort);
    const rest = transfer.filter((item) => !moved.has(item));
    try {
      const tag = this.#sendEnvelope(
        { ...envelope, ports, streams: all.map(({ mark, stream }) => ({ mark, handle: stream.handle })) },
        root,
        [...rest, ...all.flatMap(({ stream }) => stream.transfer)],
      );
      for (const { stream } of all) for (const port of stream.serve()) this.#peer.linked?.(port);
      return tag;
    } catch (error) {
      for (const { stream } of all) stream.drop();
      throw error;
    }
  }

  /** Whether a view lies where the structured clone would misplace it, as far as a glance can tell. */
  #holdsFarView(value: unknown): boolean {
    return this.#peer.sharesMemory && holdsFarView(value, FAR_DEPTH);
  }

  #sendEnvelope(envelope: Envelope, root: Root, transfer: TransferList): number {
    try {
      this.#port.postMessage(envelope, transfer as Movables);
      return Tag.ENVELOPE;
    } catch (error) {
      throw cloneFault({ value: envelope.root, transfer, root, to: this.#to }, error);
    }
  }

  /** @param markOf the mark of what is moved in a way of its own. */
  #wrap(value: unknown, markOf: (item: object) => object | undefined = () => undefined): Envelope {
    const marks: object[] = [];
    const handles: (CrossingHandle | FarPart)[] = [];
    const copies = new Map<object, unknown>();
    const replace = (item: unknown): unknown => {
      if (typeof item !== 'object' || item === null) return item;
      const known = copies.get(item);
      if (known !== undefined) return known;
      const moved = markOf(item);
      if (moved !== undefined) {
        copies.set(item, moved);
        return moved;
      }
      if (isCrossing(item)) {
        const mark = {};
        marks.push(mark);
        handles.push(item[CROSS](this.#peer));
        copies.set(item, mark);
        return mark;
      }
      const far = this.#peer.sharesMemory ? farPartOf(item) : undefined;
      if (far !== undefined) {
        const mark = {};
        marks.push(mark);
        handles.push(far);
        copies.set(item, mark);
        return mark;
      }
      return copyContainer(item, copies, replace);
    };
    return { root: replace(value), marks, handles };
  }
}

function isDetachedBuffer(item: Transferable): boolean {
  return types.isArrayBuffer(item) && isDetached(item);
}

/** Whether what is moved goes on between both threads. */
function goesOn(item: Transferable): boolean {
  return item instanceof MessagePort || isFreeStream(item);
}

/** Every message pays for this, so it looks at little; it asks neither getters nor proxies. */
function holdsFarView(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value)) return farPartOf(value) !== undefined;
  if (depth === 0 || types.isProxy(value)) return false;
  let left = FAR_PARTS;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && left > 0; i++, left--)
      if (holdsFarView(Object.getOwnPropertyDescriptor(value, i)?.value, depth - 1)) return true;
    return false;
  }
  if (types.isMap(value)) {
    if (value.size > FAR_PARTS) return false;
    for (const item of value.values()) if (holdsFarView(item, depth - 1)) return true;
    return false;
  }
  // of a large object not even the keys
  for (const key in value) {
    if (left-- === 0) return false;
    if (holdsFarView(Object.getOwnPropertyDescriptor(value, key)?.value, depth - 1)) return true;
  }
  return false;
}

/** Whether it is an object of ours, or a list that holds one: known at a glance. What lies deeper is found by a fault. */
function holdsCrossing(value: unknown): boolean {
  if (types.isProxy(value)) return false; // it is refused
  if (!Array.isArray(value)) return isCrossing(value);
  for (let i = 0; i < GLANCE_ITEMS && i < value.length; i++) {
    // of a getter nothing is known
    if (isCrossing(Object.getOwnPropertyDescriptor(value, i)?.value)) return true;
  }
  return false;
}

type Replace = (item: unknown) => unknown;

/**
 * A copy of an array, a plain object, a Map or a Set, its items replaced; anything else as it is. A Map of a class that iterates
 * in its own way is read as the structured clone reads it, by the methods of Map.
 */
function copyContainer(item: object, copies: Map<object, unknown>, replace: Replace): unknown {
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

/** Puts what has arrived in the place of its mark. The value is ours alone, fresh from the clone: changed in place. */
function restore(item: unknown, arrived: ReadonlyMap<object, unknown>, seen: Set<object>): unknown {
  if (typeof item !== 'object' || item === null) return item;
  if (arrived.has(item)) return arrived.get(item);
  if (seen.has(item)) return item;
  seen.add(item);
  if (types.isMap(item)) {
    const entries = [...item];
    item.clear();
    for (const [key, child] of entries) item.set(restore(key, arrived, seen), restore(child, arrived, seen));
  } else if (types.isSet(item)) {
    const children = [...item];
    item.clear();
    for (const child of children) item.add(restore(child, arrived, seen));
  } else if (isContainer(item)) {
    for (const key of Object.keys(item)) {
      const child: unknown = Reflect.get(item, key);
      const restored = restore(child, arrived, seen);
      if (restored !== child) define(item, key, restored);
    }
  }
  return item;
}
