import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { WorkerExitError } from '../../errors.js';
import { decodeReason, type ErrorRecord, encodeError } from './error-codec.js';
import { unreadable } from './unreadable.js';

/**
 * How a moved stream crosses: its thread keeps it, and serves it over a port to a stream on the other thread. Node's own transfer
 * does the same over a hidden port, so that a reader waits forever if the thread at the other end exits.
 */
export interface StreamHandle {
  readonly readable: MessagePort | undefined;
  readonly writable: MessagePort | undefined;
}

/** A stream that is about to be moved. */
export interface MovedStream {
  readonly handle: StreamHandle;
  /** The ports to move in place of the stream. */
  readonly transfer: readonly MessagePort[];
  /** Serves the stream to the other thread, once the handle was sent. Returns this thread's ports. */
  serve(): readonly MessagePort[];
  /** The handle could not be sent. */
  drop(): void;
}

type ToReadable = { readonly kind: 'pull' } | { readonly kind: 'cancel'; readonly reason: ErrorRecord };
type FromReadable =
  | { readonly kind: 'chunk'; readonly value: unknown }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly reason: ErrorRecord };
type ToWritable =
  | { readonly kind: 'write'; readonly value: unknown }
  | { readonly kind: 'close' }
  | { readonly kind: 'abort'; readonly reason: ErrorRecord };
type FromWritable = { readonly kind: 'done' } | { readonly kind: 'error'; readonly reason: ErrorRecord };

const { getBuiltinModule } = process;
/** The classes of streams. Node.js loads them when they are first read, which takes 2 ms: not before a stream is moved. */
const classes = (): typeof globalThis => getBuiltinModule('node:stream/web') as unknown as typeof globalThis;

const gone = (): WorkerExitError =>
  new WorkerExitError('The thread at the other end of a moved stream has ended', { exitCode: 1 });
const ignore = (): void => {};

/** Closes the ports of streams that were collected here. */
const dropped = new FinalizationRegistry<MessagePort>((port) => port.close());

/** Whether `item` is a stream that can be moved. A locked one is left to Node.js, which refuses it. */
export function isFreeStream(item: unknown): item is ReadableStream | WritableStream | TransformStream {
  switch (Object.prototype.toString.call(item)) {
    case '[object ReadableStream]':
      return item instanceof classes().ReadableStream && !item.locked;
    case '[object WritableStream]':
      return item instanceof classes().WritableStream && !item.locked;
    case '[object TransformStream]':
      return item instanceof classes().TransformStream && !item.readable.locked && !item.writable.locked;
    default:
      return false;
  }
}

export function moveStream(stream: ReadableStream | WritableStream | TransformStream): MovedStream {
  const { WritableStream } = classes();
  const readable = stream instanceof WritableStream ? undefined : 'readable' in stream ? stream.readable : stream;
  const writable = stream instanceof WritableStream ? stream : 'writable' in stream ? stream.writable : undefined;
  const reading = readable === undefined ? undefined : new MessageChannel();
  const writing = writable === undefined ? undefined : new MessageChannel();
  const own = [reading?.port1, writing?.port1].filter((port) => port !== undefined);
  return {
    handle: { readable: reading?.port2, writable: writing?.port2 },
    transfer: [reading?.port2, writing?.port2].filter((port) => port !== undefined),
    serve: () => {
      if (readable !== undefined && reading !== undefined) serveReadable(readable, reading.port1);
      if (writable !== undefined && writing !== undefined) serveWritable(writable, writing.port1);
      return own;
    },
    drop: () => {
      for (const port of own) port.close();
    },
  };
}

/** Returns the stream that stands for one of another thread. */
export function streamOf({ readable, writable }: StreamHandle): ReadableStream | WritableStream | TransformStream {
  if (writable === undefined) return readableOver(readable as MessagePort);
  if (readable === undefined) return writableOver(writable);
  return Object.create(classes().TransformStream.prototype, {
    readable: { value: readableOver(readable) },
    writable: { value: writableOver(writable) },
  }) as TransformStream;
}

/** Returns the ports of a received handle. */
export function portsOf({ readable, writable }: StreamHandle): readonly MessagePort[] {
  return [readable, writable].filter((port) => port !== undefined);
}

function serveReadable(stream: ReadableStream, port: MessagePort): void {
  const reader = stream.getReader();
  let isOver = false;
  const end = (): void => {
    isOver = true;
    port.close();
  };
  /** The next chunk, read ahead once the first was pulled. */
  let next: ReturnType<typeof reader.read> | undefined;
  const pull = async (): Promise<void> => {
    try {
      const { done, value } = await (next ?? reader.read());
      if (isOver) return;
      port.postMessage((done ? { kind: 'end' } : { kind: 'chunk', value }) satisfies FromReadable);
      if (done) {
        end();
        return;
      }
      next = reader.read();
      next.catch(ignore); // reported when the chunk is pulled
    } catch (error) {
      if (isOver) return;
      port.postMessage({ kind: 'error', reason: encodeError(error) } satisfies FromReadable);
      end();
      reader.cancel(error).catch(ignore); // the stream is still open if a chunk could not be cloned
    }
  };
  port.on('message', (message: ToReadable) => {
    if (message.kind === 'pull') {
      void pull();
      return;
    }
    end();
    reader.cancel(decodeReason(message.reason)).catch(ignore);
  });
  port.on('messageerror', (cause: unknown) => {
    end();
    reader.cancel(unreadable('reason', cause)).catch(ignore);
  });
  port.on('close', () => {
    if (!isOver) reader.cancel(gone()).catch(ignore);
    isOver = true;
  });
  port.unref();
}

function serveWritable(stream: WritableStream, port: MessagePort): void {
  const writer = stream.getWriter();
  let isOver = false;
  const end = (): void => {
    isOver = true;
    port.close();
  };
  const failed = (error: unknown): void => {
    if (isOver) return;
    port.postMessage({ kind: 'error', reason: encodeError(error) } satisfies FromWritable);
    end();
  };
  const done = (): void => {
    if (!isOver) port.postMessage({ kind: 'done' } satisfies FromWritable);
  };
  writer.closed.catch(failed);
  port.on('message', (message: ToWritable) => {
    switch (message.kind) {
      case 'write':
        writer.write(message.value).then(done, failed);
        break;
      case 'close':
        writer.close().then(() => {
          done();
          end();
        }, failed);
        break;
      case 'abort':
        end();
        writer.abort(decodeReason(message.reason)).catch(ignore);
        break;
    }
  });
  port.on('messageerror', (cause: unknown) => {
    const error = unreadable('chunk', cause);
    failed(error);
    writer.abort(error).catch(ignore);
  });
  port.on('close', () => {
    if (!isOver) writer.abort(gone()).catch(ignore);
    isOver = true;
  });
  port.unref();
}

/** Returns a stream that requests a chunk only when one is read, and keeps the process alive only while it waits for one. */
function readableOver(port: MessagePort): ReadableStream {
  let isOver = false;
  let known: WeakRef<ReadableStreamDefaultController> | undefined;
  /** Set while a chunk is awaited. A reference at any other time would keep a stream to which nothing else refers. */
  let waiting: { readonly controller: ReadableStreamDefaultController; readonly resolve: () => void } | undefined;
  const settle = (act: (controller: ReadableStreamDefaultController) => void): void => {
    const controller = waiting?.controller ?? known?.deref();
    const { resolve } = waiting ?? {};
    waiting = undefined;
    port.unref();
    if (controller !== undefined) act(controller);
    resolve?.();
  };
  const end = (act: (controller: ReadableStreamDefaultController) => void): void => {
    if (isOver) return;
    isOver = true;
    settle(act);
    port.close();
  };
  port.on('message', (message: FromReadable) => {
    if (message.kind === 'chunk') settle((controller) => controller.enqueue(message.value));
    else if (message.kind === 'end') end((controller) => controller.close());
    else end((controller) => controller.error(decodeReason(message.reason)));
  });
  port.on('messageerror', (cause: unknown) => {
    if (isOver) return;
    const error = unreadable('chunk', cause);
    port.postMessage({ kind: 'cancel', reason: encodeError(error) } satisfies ToReadable);
    end((controller) => controller.error(error));
  });
  port.on('close', () => end((controller) => controller.error(gone())));
  port.unref();
  const stream = new (classes().ReadableStream)(
    {
      start(controller) {
        known = new WeakRef(controller);
      },
      pull(controller) {
        return new Promise<void>((resolve) => {
          waiting = { controller, resolve };
          port.ref();
          port.postMessage({ kind: 'pull' } satisfies ToReadable);
        });
      },
      cancel(reason) {
        isOver = true;
        port.postMessage({ kind: 'cancel', reason: encodeError(reason) } satisfies ToReadable);
        port.close();
      },
    },
    { highWaterMark: 0 },
  );
  dropped.register(stream, port);
  return stream;
}

function writableOver(port: MessagePort): WritableStream {
  let isOver = false;
  let known: WeakRef<WritableStreamDefaultController> | undefined;
  let waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  const fail = (error: unknown): void => {
    if (isOver) return;
    isOver = true;
    port.unref();
    known?.deref()?.error(error);
    waiting?.reject(error);
    port.close();
  };
  const ask = (message: ToWritable): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      port.ref();
      port.postMessage(message);
    });
  port.on('message', (message: FromWritable) => {
    if (message.kind === 'error') {
      fail(decodeReason(message.reason));
      return;
    }
    port.unref();
    waiting?.resolve();
    waiting = undefined;
  });
  port.on('messageerror', (cause: unknown) => fail(unreadable('reason', cause)));
  port.on('close', () => fail(gone()));
  port.unref();
  const stream = new (classes().WritableStream)({
    start(controller) {
      known = new WeakRef(controller);
    },
    write: (value) => ask({ kind: 'write', value }),
    async close() {
      await ask({ kind: 'close' });
      isOver = true;
    },
    abort(reason) {
      isOver = true;
      port.postMessage({ kind: 'abort', reason: encodeError(reason) } satisfies ToWritable);
      port.close();
    },
  });
  dropped.register(stream, port);
  return stream;
}
