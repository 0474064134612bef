// The streams that `top` uses, as far as it does: Node's own, or others of that shape.

/** What a view is written to: `process.stdout`, or any other stream. */
export interface TopOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly writableNeedDrain?: boolean | undefined;
  write(text: string): unknown;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

/** Where keys come from: `process.stdin`. */
export interface TopInput {
  readonly isTTY?: boolean | undefined;
  setRawMode?(isRaw: boolean): unknown;
  on(event: 'data', listener: (keys: Uint8Array | string) => void): unknown;
  off(event: 'data', listener: (keys: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
  unref?(): unknown;
}
