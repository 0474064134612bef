/** File descriptor of the pipe in which a child process notes begins. Its relay has the other end. */
export const NOTES_FD = 4;

/** Numbers in a note: the job's id and its attempt. */
const NOTE_NUMBERS = 2;
const NOTE_BYTES = NOTE_NUMBERS * Float64Array.BYTES_PER_ELEMENT;

/** Pause before the next write to a full pipe. */
const FULL_PIPE_MS = 1;

/**
 * Notes each job in a pipe before its code begins, on the thread in a child process that runs the jobs. The pipe's content outlives
 * the process, so that the relay knows which jobs had begun, however the process ends. A message would need the process's main
 * thread to pass it on in time, or a reply, which costs a round trip.
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
        // the pool's process has ended, and this one is about to
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        Atomics.wait(this.#pause, 0, 0, FULL_PIPE_MS);
      }
    }
  }
}

/** The relay's end of the pipe: splits what it reads into notes. */
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
