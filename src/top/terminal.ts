// The streams that `top` uses, as far as it does: Node's own, or others of that shape.

/** What a view is written to: `process.stdout`, or any other stream. */
export interface TopOutput {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal, in characters. */
  readonly columns?: number | undefined;
  /** Height of the terminal, in lines. */
  readonly rows?: number | undefined;
  /** Whether it is behind: a snapshot is then left out. */
  readonly writableNeedDrain?: boolean | undefined;
  /** Writes text. */
  write(text: string): unknown;
  /** Registers a listener of changes in size. */
  on?(event: 'resize', listener: () => void): unknown;
  /** Unregisters a listener. */
  off?(event: 'resize', listener: () => void): unknown;
}

/** Where keys come from: `process.stdin`. */
export interface TopInput {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Switches line editing off and on. */
  setRawMode?(isRaw: boolean): unknown;
  /** Registers a listener of keys. */
  on(event: 'data', listener: (keys: Uint8Array | string) => void): unknown;
  /** Unregisters a listener. */
  off(event: 'data', listener: (keys: Uint8Array | string) => void): unknown;
  /** Begins to read. */
  resume(): unknown;
  /** Stops reading. */
  pause(): unknown;
  /** Lets the process exit meanwhile. */
  unref?(): unknown;
}
