import { types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { CROSS, type CrossingHandle, isCrossing, type Transferable } from '../../sync/sharing/crossing.js';
import type { Peer } from '../../sync/sharing/registry.js';
import { type FarPart, farPartOf, isDetached, viewOf } from '../lane/known-buffers.js';
import { Tag } from '../lane/ring.js';
import { cloneFault, explain, type Root, unexplained } from './clone-fault.js';
import { copyContainer, restore } from './containers.js';
import { isFreeStream, type MovedStream, moveStream, portsOf, type StreamHandle, streamOf } from './moved-streams.js';
import { pack, unpack } from './packed-value.js';
import { revive } from './shared-objects.js';
import { refuseStaying } from './staying.js';
import { movables } from './transfer-list.js';
import { planViews, toBuffer, type ViewPlan } from './views.js';

type TransferList = readonly unknown[];
/** Type of a transfer list, whose name differs between versions of Node's types. */
type Movables = Parameters<MessagePort['postMessage']>[1];

/**
 * A value that contains objects of the library, such as tokens, or others that the structured clone does not carry as they are. In
 * `root` each of them is replaced by an empty object, its mark. The structured clone keeps the identity of marks, so that no value
 * of a user can be taken for one.
 */
interface Envelope {
  readonly root: unknown;
  readonly marks: readonly object[];
  readonly handles: readonly (CrossingHandle | FarPart)[];
  /** What is in `root` for each Buffer. */
  readonly buffers?: readonly Uint8Array[];
  /** Moved streams. */
  readonly streams?: readonly { readonly mark: object; readonly handle: StreamHandle }[];
  /** Moved ports, which are also in `root`. */
  readonly ports?: readonly MessagePort[];
}

/** A copy of a value that is sent later, and the tag to open it with. */
export interface Copy {
  readonly message: unknown;
  /** The objects to move with it. */
  readonly moved: readonly unknown[];
  readonly tag: number;
}

/**
 * How many items of a list are checked for objects of the library before it is sent. Others are found when the clone refuses
 * them.
 */
const GLANCE_ITEMS = 64;

/** One side of a payload channel: sends and receives the values that do not go inline. */
export class PayloadPort {
  readonly #port: MessagePort;
  readonly #peer: Peer;

  constructor(port: MessagePort, peer: Peer) {
    this.#port = port;
    this.#peer = peer;
  }

  /**
   * Sends a value as a message of its own. Returns the tag to open it with.
   *
   * @throws {NotCloneableError} if it cannot be cloned.
   */
  send(value: unknown, root: Root, transfer: TransferList = []): number {
    const packed = transfer.length === 0 ? pack(value) : undefined;
    if (packed !== undefined) {
      this.#port.postMessage(packed, [packed.buffer]);
      return Tag.ENVELOPE;
    }
    refuseStaying(value, root, { to: this.#to, transfer });
    const moved = transfer.length === 0 ? [] : movables(transfer, value);
    const refused = { value, transfer, root, to: this.#to };
    // the structured clone refuses it, except in Node.js 20, where it makes an empty buffer of it
    if (moved.some(isDetachedBuffer))
      throw unexplained(
        refused,
        new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError'),
      );
    if (moved.length > 0 && this.#peer.sharesMemory && moved.some(goesOn)) return this.#sendLive(value, root, moved);
    let fault = (cause: unknown): Error => cloneFault(refused, cause);
    const views = planViews(value, moved);
    if (!hasCrossing(value) && views === undefined) {
      try {
        this.#port.postMessage(value, moved as Movables);
        return Tag.MESSAGE;
      } catch (cause) {
        // only now search for objects of the library, which are made to be refused
        const why = explain(refused, cause);
        if (why instanceof Error) throw why;
        if (why === 'too large') fault = (): Error => unexplained(refused, cause);
      }
    }
    let envelope: Envelope;
    try {
      envelope = this.#wrap(value, views);
    } catch (cause) {
      throw fault(cause); // a getter that throws, or shared memory for another process
    }
    if (views === undefined && envelope.marks.length === 0) throw fault(new Error('it is not what it was'));
    return this.#sendEnvelope(envelope, root, moved);
  }

  /**
   * Returns a copy of a value as it is now, to be sent later by `post`.
   *
   * @throws {NotCloneableError} if it cannot be cloned.
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

  post({ message, moved }: Pick<Copy, 'message' | 'moved'>): void {
    this.#port.postMessage(message, moved as Movables);
  }

  /** Returns the value of a message that was sent with `tag`. */
  open(message: unknown, tag: number): unknown {
    if (tag !== Tag.ENVELOPE) return message;
    if (types.isInt32Array(message)) return unpack(message);
    const { root, marks, handles, buffers = [], streams = [], ports = [] } = message as Envelope;
    const revived = new Map<object, unknown>();
    for (const { mark, handle } of streams) {
      for (const port of portsOf(handle)) this.#peer.linked?.(port);
      revived.set(mark, streamOf(handle));
    }
    for (const port of ports) this.#peer.lent?.(port);
    for (const buffer of buffers) revived.set(buffer, toBuffer(buffer));
    for (const [index, handle] of handles.entries()) {
      const mark = marks[index];
      if (mark !== undefined) revived.set(mark, 'buffer' in handle ? viewOf(handle) : revive(handle, this.#peer));
    }
    return restore(root, revived, new Set());
  }

  get #to(): 'thread' | 'process' {
    return this.#peer.sharesMemory ? 'thread' : 'process';
  }

  /** Sends a value with moved streams or ports. Streams that cannot be reached in the value are left to Node.js. */
  #sendLive(value: unknown, root: Root, transfer: readonly Transferable[]): number {
    const streams: readonly object[] = transfer.filter(isFreeStream);
    const moved = new Map<object, { readonly mark: object; readonly stream: MovedStream }>();
    const envelope = this.#wrap(value, planViews(value, transfer), (item) => {
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

  #sendEnvelope(envelope: Envelope, root: Root, transfer: TransferList): number {
    try {
      this.#port.postMessage(envelope, transfer as Movables);
      return Tag.ENVELOPE;
    } catch (error) {
      throw cloneFault({ value: envelope.root, transfer, root, to: this.#to }, error);
    }
  }

  /** @param markOf returns the mark of an object that is moved by other means. */
  #wrap(
    value: unknown,
    views: ViewPlan | undefined,
    markOf: (item: object) => object | undefined = () => undefined,
  ): Envelope {
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
      return views?.copies.get(item) ?? copyContainer(item, copies, replace);
    };
    return { root: replace(value), marks, handles, ...(views !== undefined && { buffers: views.buffers }) };
  }
}

function isDetachedBuffer(item: Transferable): boolean {
  return types.isArrayBuffer(item) && isDetached(item);
}

/** Whether a moved object goes on connecting both threads. */
function goesOn(item: Transferable): boolean {
  return item instanceof MessagePort || isFreeStream(item);
}

/** Whether a value is an object of the library, or a list that contains one. Deeper ones are found when the clone refuses them. */
function hasCrossing(value: unknown): boolean {
  if (types.isProxy(value)) return false; // the clone refuses it
  if (!Array.isArray(value)) return isCrossing(value);
  for (let i = 0; i < GLANCE_ITEMS && i < value.length; i++) {
    // does not call a getter
    if (isCrossing(Object.getOwnPropertyDescriptor(value, i)?.value)) return true;
  }
  return false;
}
