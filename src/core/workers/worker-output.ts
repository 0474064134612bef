import type { ListenerQueue } from '../../base/listener-queue.js';
import { type Chunk, endOfLines, type Fd, type Printed, print, SHOW } from '../../contract/printed.js';

/** An unfinished line is held back up to this many bytes or so. */
const LONGEST_HELD = 4096;

/** What a worker has written of a line that is not finished. */
class OpenLine {
  readonly #fd: Fd;
  readonly #print: (printed: Printed) => void;
  #chunks: Chunk[] = [];
  #length = 0;

  constructor(fd: Fd, print: (printed: Printed) => void) {
    this.#fd = fd;
    this.#print = print;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  take(chunk: Chunk): void {
    const end = endOfLines(chunk);
    if (end > 0) {
      this.show();
      this.#print([this.#fd, chunk.slice(0, end)]);
    }
    if (end === chunk.length) return;
    this.#chunks.push(chunk.slice(end));
    this.#length += chunk.length - end;
    if (this.#length > LONGEST_HELD) this.show();
  }

  /** Prints it although it is not finished. */
  show(): void {
    for (const chunk of this.#chunks) this.#print([this.#fd, chunk]);
    this.#chunks = [];
    this.#length = 0;
  }
}

type Lines = Readonly<Record<Fd, OpenLine>>;

/** Pools with lines that are not finished: what the process ends with is printed then. */
const withOpenLines = new Set<{ showNow(): void }>();

function showAll(): void {
  for (const output of withOpenLines) output.showNow();
}

/** Prints what a pool's workers write, in whole lines: those of several workers do not get into each other. */
export class WorkerOutput {
  readonly #listenerQueue: ListenerQueue;
  readonly #open = new Map<object, Lines>();
  #isEnding = false;

  constructor(listenerQueue: ListenerQueue) {
    this.#listenerQueue = listenerQueue;
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

  /** It has ended, and all that it has written has been read. */
  workerExited(worker: object): void {
    const lines = this.#open.get(worker);
    if (lines === undefined) return;
    lines[1].show();
    lines[2].show();
    this.#open.delete(worker);
    this.#watchEnd();
  }

  /** The process ends: no later turn would print it. */
  showNow(): void {
    this.#isEnding = true;
    for (const worker of [...this.#open.keys()]) this.workerExited(worker);
  }

  #newLines(): Lines {
    const printLater = (printed: Printed): void => {
      if (this.#isEnding) print(printed);
      else this.#listenerQueue.add(print, [printed], 'process.stdout or stderr');
    };
    return { 1: new OpenLine(1, printLater), 2: new OpenLine(2, printLater) };
  }

  #watchEnd(): void {
    const isWatched = withOpenLines.size > 0;
    if (this.#open.size > 0) withOpenLines.add(this);
    else withOpenLines.delete(this);
    const isNeeded = withOpenLines.size > 0;
    if (isNeeded && !isWatched) process.on('exit', showAll);
    if (isWatched && !isNeeded) process.off('exit', showAll);
  }
}
