/** What was written to stdout (1) or stderr (2); or `SHOW`. */
export type Printed = readonly [fd: Fd, chunk: Chunk];

export type Fd = 1 | 2;

export type Chunk = string | Uint8Array;

/** Nothing is written: what there is of an unfinished line is to be shown. */
export const SHOW = '';

const LINE_FEED = 10;

/** Where the last whole line ends in it; 0 where there is none. */
export function endOfLines(chunk: Chunk): number {
  return 1 + (typeof chunk === 'string' ? chunk.lastIndexOf('\n') : chunk.lastIndexOf(LINE_FEED));
}

/** Writes to this thread's own streams: by their `write`, which programs replace to see what is printed. */
export function print([fd, chunk]: Printed): void {
  (fd === 1 ? process.stdout : process.stderr).write(chunk);
}
