import { outsideRequests } from '../../base/async-context.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkObject, checkPositiveMs } from '../../base/check/values.js';
import { clearInterval, setInterval } from '../../base/clock.js';
import type { TopInput, TopOutput } from '../../top/terminal.js';
import { TopView } from '../../top/top-view.js';
import { type ReadPool, TopReader } from './top-reader.js';

/** How `pool.top` shows a pool. */
export interface TopOptions {
  /** Time from one snapshot to the next, in milliseconds. Default: 1 000. */
  readonly everyMs?: number | undefined;
  /** Where it is shown. A terminal is filled; any other stream gets a line per snapshot. Default: `process.stdout`. */
  readonly output?: TopOutput | undefined;
  /** Where keys come from, if that is a terminal. Default: `process.stdin`. */
  readonly input?: TopInput | undefined;
}

/** A view that `pool.top` has opened. */
export interface PoolTop extends Disposable {
  /** Resolves when the view has been closed: by `close`, by the key `q`, or as the pool has ended. */
  readonly closed: Promise<void>;
  /** Closes the view, and leaves the terminal as it was. */
  close(): void;
}

const OPTIONS = optionNames<TopOptions>({ everyMs: true, output: true, input: true });
const ACTION = 'show pool';
const EVERY_MS = 1_000;

/**
 * Shows a pool until the view is closed. Keeps neither the process nor the pool alive.
 *
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 */
export function openTop(pool: ReadPool, options: unknown): PoolTop {
  const given = readOptions<TopOptions>(options, OPTIONS, ACTION);
  const { everyMs = EVERY_MS, output = process.stdout, input = process.stdin } = given;
  const periodMs = checkPositiveMs(everyMs, 'everyMs', ACTION);
  const reader = new TopReader(pool);
  let resolve = (): void => {};
  const closed = new Promise<void>((done) => {
    resolve = done;
  });
  const close = (): void => {
    clearInterval(timer);
    view.close();
    resolve();
  };
  const view = new TopView({
    output: checkObject(output, 'output', ACTION) as TopOutput,
    input: checkObject(input, 'input', ACTION) as TopInput,
    cancel: (_pool, id) => Promise.resolve(reader.cancel(id)),
    left: (isInterrupt) => {
      close();
      if (isInterrupt) process.kill(process.pid, 'SIGINT'); // as Ctrl-C does if the terminal is not in raw mode
    },
  });
  const show = (): void => {
    view.show(reader.read());
    if (pool.state() === 'closed') close();
  };
  const timer = outsideRequests(setInterval, show, periodMs).unref();
  show();
  return { closed, close, [Symbol.dispose]: close };
}
