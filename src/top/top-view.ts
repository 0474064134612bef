import { painter } from './cells.js';
import type { TopInput, TopOutput } from './terminal.js';
import type { TopSnapshot } from './top-pool.js';
import { drawTop, lineOf } from './top-text.js';

export interface TopViewOptions {
  readonly output: TopOutput;
  readonly input: TopInput;
  /**
   * Asks for a running job to be cancelled. Resolves with what came of it, in a few words. `undefined` if that is not allowed.
   */
  readonly cancel: ((pool: string, jobId: number | string) => Promise<string>) | undefined;
  /** The viewer wants to leave. @param isInterrupt by Ctrl-C. */
  readonly left: (isInterrupt: boolean) => void;
}

const ESCAPE = '\x1b';
const ENTER_SCREEN = `${ESCAPE}[?1049h${ESCAPE}[?25l`; // the alternate screen, no cursor
const LEAVE_SCREEN = `${ESCAPE}[?25h${ESCAPE}[?1049l`;
const HOME = `${ESCAPE}[H`;
const TO_END_OF_LINE = `${ESCAPE}[K`;
const BELOW = `${ESCAPE}[J`;
const KEYS = new RegExp(`${ESCAPE}\\[[A-D]|[^]`, 'gu');

/** Size assumed for a terminal that does not report its own. */
const COLUMNS = 80;
const ROWS = 24;

/** Shows snapshots: as a full screen with keys in a terminal, else as a line for each pool. */
export class TopView {
  readonly #options: TopViewOptions;
  readonly #isScreen: boolean;
  readonly #paint;
  #snapshot: TopSnapshot | undefined;
  #pool = 0;
  #selected = 0;
  #notice = '';
  #isOpen = true;

  constructor(options: TopViewOptions) {
    const { output, input } = options;
    this.#options = options;
    this.#isScreen = output.isTTY === true;
    // see no-color.org
    this.#paint = painter((process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb');
    if (!this.#isScreen) return;
    output.write(ENTER_SCREEN);
    output.on?.('resize', this.#draw);
    process.once('exit', this.#restore);
    if (input.isTTY !== true) return;
    input.setRawMode?.(true);
    input.on('data', this.#onKeys);
    input.resume();
    input.unref?.();
  }

  show(snapshot: TopSnapshot): void {
    if (!this.#isOpen) return;
    this.#snapshot = snapshot;
    if (this.#isScreen) this.#draw();
    else for (const pool of snapshot.pools) this.#options.output.write(`${lineOf(pool)}\n`);
  }

  /** Shows a notice on the last line. */
  notify(notice: string): void {
    this.#notice = notice;
    this.#draw();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (!this.#isScreen) return;
    const { output, input } = this.#options;
    output.off?.('resize', this.#draw);
    process.off('exit', this.#restore);
    this.#restore();
    if (input.isTTY !== true) return;
    input.off('data', this.#onKeys);
    input.pause();
  }

  readonly #restore = (): void => {
    const { output, input } = this.#options;
    if (input.isTTY === true) input.setRawMode?.(false);
    output.write(LEAVE_SCREEN);
  };

  readonly #draw = (): void => {
    const { output, cancel } = this.#options;
    // a terminal that is slow misses snapshots
    if (!this.#isOpen || this.#snapshot === undefined || output.writableNeedDrain === true) return;
    const lines = drawTop(this.#snapshot, {
      columns: output.columns ?? COLUMNS,
      rows: output.rows ?? ROWS,
      paint: this.#paint,
      pool: this.#pool,
      selected: this.#selected,
      notice: this.#notice,
      canCancel: cancel !== undefined,
    });
    output.write(HOME + lines.join(`${TO_END_OF_LINE}\r\n`) + TO_END_OF_LINE + BELOW);
  };

  readonly #onKeys = (keys: Uint8Array | string): void => {
    const text = typeof keys === 'string' ? keys : new TextDecoder().decode(keys);
    for (const [key] of text.matchAll(KEYS)) this.#onKey(key);
    this.#draw();
  };

  #onKey(key: string): void {
    const pools = this.#snapshot?.pools ?? [];
    const running = pools[this.#pool]?.running.length ?? 0;
    switch (key) {
      case 'q':
        this.#options.left(false);
        break;
      case '\x03':
        this.#options.left(true);
        break;
      case '\t':
        this.#pool = pools.length === 0 ? 0 : (this.#pool + 1) % pools.length;
        this.#selected = 0;
        break;
      case 'k':
      case `${ESCAPE}[A`:
        this.#selected = Math.max(0, Math.min(this.#selected, running - 1) - 1);
        break;
      case 'j':
      case `${ESCAPE}[B`:
        this.#selected = Math.max(0, Math.min(this.#selected + 1, running - 1));
        break;
      case 'c':
        void this.#cancel();
        break;
    }
  }

  async #cancel(): Promise<void> {
    const pool = this.#snapshot?.pools[this.#pool];
    const job = pool?.running[Math.min(this.#selected, pool.running.length - 1)];
    const { cancel } = this.#options;
    if (pool === undefined || job === undefined || cancel === undefined) return;
    this.notify(`cancelling job ${job.id} …`);
    this.notify(await cancel(pool.name, job.id));
  }
}
