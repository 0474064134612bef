import { now, setImmediate, setTimeout } from '../sync/platform.js';

/** What was written to stdout (1) or stderr (2). */
export type Printed = readonly [fd: Fd, chunk: Chunk];

export type Fd = 1 | 2;

type Chunk = string | Uint8Array;

/** An unfinished line is held back for its end, so that no other thread's lines get into it; up to this many bytes or so. */
const LONGEST_HELD = 4096;
/** It is passed on in the next turn of the event loop; and where there is none, by the next write after so long. */
const HOLD_MS = 20;
/** Where there was no room, it is tried again after so long. */
const RETRY_MS = 5;
const LINE_FEED = 10;

/** Where output goes. */
export interface OutputLane {
  /** False: there is no room now. It goes before what is printed next, and before the job's answer. */
  print(printed: readonly Printed[]): boolean;
  /** Sends what waits for room. False: there is none. */
  catchUp(): boolean;
  /** Blocks for a moment until there is room, and sends what waits. */
  awaitRoom(): void;
}

/** A line that is not finished. */
class OpenLine {
  chunks: Chunk[] = [];
  length = 0;
  sinceMs = 0;

  hold(chunk: Chunk): void {
    if (this.length === 0) this.sinceMs = now();
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** Whether it has been held back for long enough. */
  get isDue(): boolean {
    return this.length > LONGEST_HELD || (this.length > 0 && now() - this.sinceMs > HOLD_MS);
  }
}

/**
 * Passes on what a thread's code writes to stdout and stderr, at once and in whole lines, in the lane of its answers: so that
 * it is printed while a synchronous task runs on, before its job settles, and also where the thread ends right after. Node's
 * own way sends one write and waits with all others until the thread's event loop turns; they are lost where it does not.
 */
export class Output {
  readonly #lane: OutputLane;
  readonly #lines: Readonly<Record<Fd, OpenLine>> = { 1: new OpenLine(), 2: new OpenLine() };
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
    }
    if (fds.length > 0) process.once('exit', () => this.#end());
  }

  /** Passes on what another thread's code has written: whole lines. */
  forward(printed: readonly Printed[]): void {
    this.#ready.push(...printed);
    this.#pass();
  }

  #write(fd: Fd, chunk: Chunk): void {
    const line = this.#lines[fd];
    const end = 1 + (typeof chunk === 'string' ? chunk.lastIndexOf('\n') : chunk.lastIndexOf(LINE_FEED));
    if (end > 0) {
      this.#release(fd);
      this.#ready.push([fd, chunk.slice(0, end)]);
    }
    if (end < chunk.length) line.hold(chunk.slice(end));
    if (line.isDue) this.#release(fd);
  }

  #release(fd: Fd): void {
    const line = this.#lines[fd];
    if (line.length === 0) return;
    for (const chunk of line.chunks) this.#ready.push([fd, chunk]);
    line.chunks = [];
    line.length = 0;
  }

  #pass(): void {
    const printed = this.#ready;
    this.#ready = [];
    const hasGone = printed.length === 0 ? this.#lane.catchUp() : this.#lane.print(printed);
    if (this.#isTurnAwaited || (hasGone && this.#lines[1].length + this.#lines[2].length === 0)) return;
    this.#isTurnAwaited = true;
    if (hasGone) setImmediate(this.#turn);
    else setTimeout(this.#turn, RETRY_MS);
  }

  readonly #turn = (): void => {
    this.#isTurnAwaited = false;
    this.#release(1);
    this.#release(2);
    this.#pass();
  };

  /** The thread ends by itself. */
  #end(): void {
    this.#turn();
    this.#lane.awaitRoom();
  }
}

/** A copy, where it is not a string: the caller may write to it once it is told that it was written. */
function toChunk(chunk: Chunk, encoding: BufferEncoding): Chunk {
  if (typeof chunk !== 'string') return new Uint8Array(chunk);
  return encoding === 'utf8' || encoding === 'utf-8' ? chunk : Buffer.from(chunk, encoding);
}

/** Writes to this thread's own streams: by their `write`, which programs replace to see what is printed. */
export function print([fd, chunk]: Printed): void {
  (fd === 1 ? process.stdout : process.stderr).write(chunk);
}
