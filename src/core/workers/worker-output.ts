import type { ListenerQueue } from '../../base/listener-queue.js';
import { endOfLines, type Fd, type OutputChunk, type Printed, print, SHOW } from '../../contract/printed.js';

import type { OutputStream, ThreadOptions } from '../options/thread-options.js';

/** Length, in bytes or characters, from which an unfinished line is printed anyway. */
const LONGEST_OPEN = 4096;

/** The unfinished line of one stream of a worker. */
class OpenLine {
  readonly #fd: Fd;
  readonly #print: (printed: Printed) => void;
  #chunks: OutputChunk[] = [];
  #length = 0;

  constructor(fd: Fd, print: (printed: Printed) => void) {
    this.#fd = fd;
    this.#print = print;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  take(chunk: OutputChunk): void {
    const end = endOfLines(chunk);
    if (end > 0) {
      this.show();
      this.#print([this.#fd, chunk.slice(0, end)]);
    }
    if (end === chunk.length) return;
    this.#chunks.push(chunk.slice(end));
    this.#length += chunk.length - end;
    if (this.#length > LONGEST_OPEN) this.show();
  }

  /** Prints the line even though it is unfinished. */
  show(): void {
    for (const chunk of this.#chunks) this.#print([this.#fd, chunk]);
    this.#chunks = [];
    this.#length = 0;
  }
}

type Lines = Readonly<Record<Fd, OpenLine>>;

/** Pools with unfinished lines, which are printed when the process exits. */
const withOpenLines = new Set<{ showNow(): void }>();

function showAll(): void {
  for (const output of withOpenLines) output.showNow();
}

/** Prints what a pool's workers write, in whole lines: lines of several workers are not mixed. */
export class WorkerOutput {
  readonly #listenerQueue: ListenerQueue;
  readonly #open = new Map<object, Lines>();
  readonly #streams: Readonly<Record<Fd, boolean | OutputStream>>;
  #isEnding = false;

  /** @param streams where output goes, if not to the streams of this thread. */
  constructor(listenerQueue: ListenerQueue, { stdout, stderr }: Pick<ThreadOptions, 'stdout' | 'stderr'>) {
    this.#listenerQueue = listenerQueue;
    this.#streams = { 1: stdout ?? false, 2: stderr ?? false };
  }

  printed(worker: object, printed: readonly Printed[]): void {
    const lines = this.#open.get(worker) ?? this.#newLines();
    for (const [fd, chunk] of printed) {
      if (chunk === SHOW) lines[fd].show();
      else lines[fd].take(chunk);
    }
    if (lines[1].isEmpty && lines[2].isEmpty) this.#open.delete(worker);
    else this.#open.set(worker, lines);
    this.#watchEnd();
  }

  /** The worker has exited, and all that it has written has been read. */
  workerExited(worker: object): void {
    const lines = this.#open.get(worker);
    if (lines === undefined) return;
    lines[1].show();
    lines[2].show();
    this.#open.delete(worker);
    this.#watchEnd();
  }

  /** Prints all unfinished lines at once: the process exits, so nothing can be printed later. */
  showNow(): void {
    this.#isEnding = true;
    for (const worker of [...this.#open.keys()]) this.workerExited(worker);
  }

  #newLines(): Lines {
    const printLater = (printed: Printed): void => {
      if (this.#isEnding) this.#print(printed);
      else this.#listenerQueue.add(this.#print, [printed], 'process.stdout or stderr');
    };
    return { 1: new OpenLine(1, printLater), 2: new OpenLine(2, printLater) };
  }

  readonly #print = (printed: Printed): void => {
    const [fd, chunk] = printed;
    const stream = this.#streams[fd];
    if (stream === false) print(printed);
    else if (stream !== true) stream.write(chunk);
  };

  #watchEnd(): void {
    const isWatched = withOpenLines.size > 0;
    if (this.#open.size > 0) withOpenLines.add(this);
    else withOpenLines.delete(this);
    const isNeeded = withOpenLines.size > 0;
    if (isNeeded && !isWatched) process.on('exit', showAll);
    if (isWatched && !isNeeded) process.off('exit', showAll);
  }
}
