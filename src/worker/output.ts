import { nextTick, now, setImmediate, setTimeout } from '../base/clock.js';
import { endOfLines, type Fd, type OutputChunk, type Printed, SHOW } from '../contract/printed.js';

/** Age of an unfinished line after which the next write of a synchronous task shows it. */
const SHOW_AFTER_MS = 20;
/** Pause before output that found no room in the lane is tried again. */
const RETRY_MS = 5;

/** Sends output to the main thread, in order with the answers. */
export interface OutputLane {
  /** Sends output. Returns false if there is no room now: it is sent before later output and before the next answer. */
  print(printed: readonly Printed[]): boolean;
  /** Replaces the output that goes right before the next answer. */
  printAtAnswer(printed: readonly Printed[]): void;
  /** Sends output that waits for room. Returns false if there is none. */
  catchUp(): boolean;
  /** Blocks until there is room, up to a second, and sends output that waits for it. */
  awaitRoom(): void;
}

/**
 * Sends what a thread's code writes to stdout and stderr at once, in the lane of its answers. So it is printed while a synchronous
 * task runs on, before its job settles, and even if the thread exits right after. Node.js itself sends one write and keeps all
 * others until the thread's event loop turns, so that they are lost if it never does.
 *
 * The pool's thread keeps an unfinished line back, so that no line of another thread gets into it; kept back here, it would be
 * lost with the thread. The worker has it shown in the next turn of the event loop, before the answer of any job, or by the next
 * write after 20 ms.
 */
export class Output {
  readonly #lane: OutputLane;
  /** When the unfinished line was begun; 0 if there is none. */
  readonly #begunAtMs: Record<Fd, number> = { 1: 0, 2: 0 };
  /** Output to send next. */
  #ready: Printed[] = [];
  #isTurnAwaited = false;

  constructor(lane: OutputLane) {
    this.#lane = lane;
  }

  /** Sends what is written to these streams from now on. */
  takeOver(fds: readonly Fd[]): void {
    for (const fd of fds) {
      const stream = fd === 1 ? process.stdout : process.stderr;
      stream._writev = (chunks: readonly { chunk: OutputChunk; encoding: BufferEncoding }[], written): void => {
        for (const { chunk, encoding } of chunks) this.#write(fd, toChunk(chunk, encoding));
        this.#pass();
        written();
      };
      keepOpen(stream);
    }
    if (fds.length > 0) process.once('exit', () => this.#end());
  }

  /** Sends what code of a child process has written. */
  forward(printed: readonly Printed[]): void {
    this.#ready.push(...printed);
    this.#pass();
  }

  /** Has unfinished lines shown. */
  show(): void {
    if (this.#hasOpenLine) this.#turn();
  }

  get #hasOpenLine(): boolean {
    return this.#begunAtMs[1] + this.#begunAtMs[2] > 0;
  }

  #write(fd: Fd, chunk: OutputChunk): void {
    if (chunk.length === 0) return;
    const begunAtMs = this.#begunAtMs[fd];
    this.#ready.push([fd, chunk]);
    if (endOfLines(chunk) === chunk.length) {
      this.#begunAtMs[fd] = 0;
    } else if (begunAtMs > 0 && now() - begunAtMs > SHOW_AFTER_MS) {
      this.#showLine(fd);
    } else {
      this.#begunAtMs[fd] = endOfLines(chunk) > 0 || begunAtMs === 0 ? now() : begunAtMs;
    }
  }

  #showLine(fd: Fd): void {
    if (this.#begunAtMs[fd] === 0) return;
    this.#begunAtMs[fd] = 0;
    this.#ready.push([fd, SHOW]);
  }

  #pass(): void {
    const printed = this.#ready;
    this.#ready = [];
    const hasGone = printed.length === 0 ? this.#lane.catchUp() : this.#lane.print(printed);
    const open = ([1, 2] as const).filter((fd) => this.#begunAtMs[fd] > 0);
    this.#lane.printAtAnswer(open.map((fd) => [fd, SHOW]));
    if (this.#isTurnAwaited || (hasGone && open.length === 0)) return;
    this.#isTurnAwaited = true;
    if (hasGone) setImmediate(this.#onTurn);
    else setTimeout(this.#onTurn, RETRY_MS);
  }

  readonly #onTurn = (): void => {
    this.#isTurnAwaited = false;
    this.#turn();
  };

  #turn(): void {
    this.#showLine(1);
    this.#showLine(2);
    this.#pass();
  }

  /** The thread exits by itself. Never throws, as that would keep it from exiting. */
  #end(): void {
    try {
      this.#turn();
      this.#lane.awaitRoom();
    } catch {
      // the last output is lost
    }
  }
}

/**
 * Keeps a stream open, as those of a main thread are, whatever is done to it. Code that ends, destroys or corks it, as a
 * `pipeline` into it does, would silence all jobs of the thread.
 */
function keepOpen(stream: NodeJS.WriteStream): void {
  const end = (...given: readonly unknown[]): NodeJS.WriteStream => {
    const values = given.filter((value) => typeof value !== 'function');
    const ended = given.find((value) => typeof value === 'function') as (() => void) | undefined;
    if (values[0] !== undefined && values[0] !== null)
      stream.write(values[0] as Uint8Array, values[1] as BufferEncoding | undefined);
    nextTick(() => {
      stream.emit('finish');
      ended?.();
    });
    return stream;
  };
  const destroy = (error?: Error | null): NodeJS.WriteStream => {
    nextTick(() => {
      if (error !== undefined && error !== null && stream.listenerCount('error') > 0) stream.emit('error', error);
      stream.emit('close');
    });
    return stream;
  };
  const nothing = (): void => {};
  // a `pipeline` into it then ends with 'finish'; a 'close' would break other pipelines into it
  Object.assign((stream as { _writableState?: object })._writableState ?? {}, { emitClose: false });
  Object.assign(stream, { end, destroy, destroySoon: end, cork: nothing, uncork: nothing });
}

/** Copies bytes, as the caller may change them once they count as written. */
function toChunk(chunk: OutputChunk, encoding: BufferEncoding): OutputChunk {
  if (typeof chunk !== 'string') return new Uint8Array(chunk);
  return encoding === 'utf8' || encoding === 'utf-8' ? chunk : Buffer.from(chunk, encoding);
}
