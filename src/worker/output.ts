import { nextTick, now, setImmediate, setTimeout } from '../base/clock.js';
import { type Chunk, endOfLines, type Fd, type Printed, SHOW } from '../contract/printed.js';

/** In a synchronous task, what there is of an unfinished line is shown by the next write after so long. */
const HOLD_MS = 20;
/** Where there was no room, it is tried again after so long. */
const RETRY_MS = 5;

/** Where output goes. */
export interface OutputLane {
  /** False: there is no room now. It goes before what is printed next, and before the job's answer. */
  print(printed: readonly Printed[]): boolean;
  /** What is to go right before the next answer, in place of what was to go there. */
  printAtAnswer(printed: readonly Printed[]): void;
  /** Sends what waits for room. False: there is none. */
  catchUp(): boolean;
  /** Blocks for a moment until there is room, and sends what waits. */
  awaitRoom(): void;
}

/**
 * Passes on what a thread's code writes to stdout and stderr, at once, in the lane of its answers: so that it is printed while
 * a synchronous task runs on, before its job settles, and also where the thread ends right after, or is ended. Node's own way
 * sends one write and waits with all others until the thread's event loop turns; they are lost where it does not.
 *
 * An unfinished line is held back for its end, so that no other thread's lines get into it: not here, where it would be lost
 * with the thread, but by the thread of the pool. It is told to show it in the next turn of the event loop; before the answer
 * of any job; and where there is neither, by the next write after 20 ms.
 */
export class Output {
  readonly #lane: OutputLane;
  /** When the line was begun that is not finished; 0 where there is none. */
  readonly #begunAtMs: Record<Fd, number> = { 1: 0, 2: 0 };
  /** What is to be passed on. */
  #ready: Printed[] = [];
  #isTurnAwaited = false;

  constructor(lane: OutputLane) {
    this.#lane = lane;
  }

  /** Passes on what is written to these from now on, for as long as the thread lives. */
  takeOver(fds: readonly Fd[]): void {
    for (const fd of fds) {
      const stream = fd === 1 ? process.stdout : process.stderr;
      stream._writev = (chunks: readonly { chunk: Chunk; encoding: BufferEncoding }[], written): void => {
        for (const { chunk, encoding } of chunks) this.#write(fd, toChunk(chunk, encoding));
        this.#pass();
        written();
      };
      keepOpen(stream);
    }
    if (fds.length > 0) process.once('exit', () => this.#end());
  }

  /** Passes on what another thread's code has written. */
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

  #write(fd: Fd, chunk: Chunk): void {
    if (chunk.length === 0) return;
    const begunAtMs = this.#begunAtMs[fd];
    this.#ready.push([fd, chunk]);
    if (endOfLines(chunk) === chunk.length) {
      this.#begunAtMs[fd] = 0;
    } else if (begunAtMs > 0 && now() - begunAtMs > HOLD_MS) {
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

  /** The thread ends by itself: nothing that is broken may keep it from that. */
  #end(): void {
    try {
      this.#turn();
      this.#lane.awaitRoom();
    } catch {
      // what it printed last is lost
    }
  }
}

/**
 * Has a stream print whatever was done to it: as those of the main thread, which cannot be closed. Code that ends, destroys or
 * corks it, as a `pipeline` into it does, would silence all jobs of its thread.
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
  // so that who awaits its end, as `pipeline` does, is content with 'finish'; a 'close' would break other pipelines into it
  Object.assign((stream as { _writableState?: object })._writableState ?? {}, { emitClose: false });
  Object.assign(stream, { end, destroy, destroySoon: end, cork: nothing, uncork: nothing });
}

/** A copy, where it is not a string: the caller may write to it once it is told that it was written. */
function toChunk(chunk: Chunk, encoding: BufferEncoding): Chunk {
  if (typeof chunk !== 'string') return new Uint8Array(chunk);
  return encoding === 'utf8' || encoding === 'utf-8' ? chunk : Buffer.from(chunk, encoding);
}
