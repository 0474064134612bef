/** A chunk written to stdout (1) or stderr (2), or `SHOW`. */
export type Printed = readonly [fd: Fd, chunk: OutputChunk];

export type Fd = 1 | 2;

export type OutputChunk = string | Uint8Array;

/** Stands for no text: an unfinished line is to be shown now. */
export const SHOW = '';

const LINE_FEED = 10;

/** Returns where the last complete line of the chunk ends; 0 if it has none. */
export function endOfLines(chunk: OutputChunk): number {
  return 1 + (typeof chunk === 'string' ? chunk.lastIndexOf('\n') : chunk.lastIndexOf(LINE_FEED));
}

/** Writes to this thread's own streams, by their `write` method, which programs replace to capture output. */
export function print([fd, chunk]: Printed): void {
  (fd === 1 ? process.stdout : process.stderr).write(chunk);
}
