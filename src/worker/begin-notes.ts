/** Of a child process, the file descriptor by which it notes begins; its relay has the other end. */
export const NOTES_FD = 4;

/** A note's two numbers: the job's id, and its attempt. */
const NOTE_NUMBERS = 2;
const NOTE_BYTES = NOTE_NUMBERS * Float64Array.BYTES_PER_ELEMENT;

/** How long a full pipe is left alone before the next try. */
const FULL_PIPE_MS = 1;

/**
 * The thread in a child process that runs the jobs: notes each job in a pipe before its code begins. What is in the pipe
 * outlives the process, so that its relay knows of each job whether it had begun, however the process ends. Not a message to
 * the process's main thread, which would have to pass it on in time; and not one that is answered, which costs a round trip.
 */
export class BeginNotes {
  readonly #note = new Float64Array(NOTE_NUMBERS);
  readonly #bytes = new Uint8Array(this.#note.buffer);
  readonly #write = process.getBuiltinModule('node:fs').writeSync;
  readonly #pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  /** The job is about to begin. */
  begun(id: number, attempt: number): void {
    this.#note[0] = id;
    this.#note[1] = attempt;
    for (let written = 0; written < NOTE_BYTES; ) {
      try {
        written += this.#write(NOTES_FD, this.#bytes, written);
      } catch (error) {
        // gone with the process of the pool, and this one soon
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        Atomics.wait(this.#pause, 0, 0, FULL_PIPE_MS);
      }
    }
  }
}

/** The relay's end: takes the notes apart. */
export class BeginNotesReader {
  readonly #begun: (id: number, attempt: number) => void;
  readonly #note = new Float64Array(NOTE_NUMBERS);
  readonly #bytes = new Uint8Array(this.#note.buffer);
  #length = 0;

  constructor(begun: (id: number, attempt: number) => void) {
    this.#begun = begun;
  }

  read(chunk: Uint8Array): void {
    for (const byte of chunk) {
      this.#bytes[this.#length++] = byte;
      if (this.#length < NOTE_BYTES) continue;
      this.#length = 0;
      this.#begun(this.#note[0] ?? 0, this.#note[1] ?? 0);
    }
  }
}
