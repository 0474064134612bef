import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { TopInput, TopOutput } from '../top/terminal.js';
import { TopView } from '../top/top-view.js';
import type { RemoteDashboard } from './remote-dashboard.js';

/** How long to wait before a connection is made again. */
const AGAIN_MS = 1_000;

export interface Terminal {
  readonly output: TopOutput;
  readonly input: TopInput;
}

/**
 * Shows a remote dashboard until the viewer leaves. A connection that breaks is made again if somebody looks; otherwise that is an
 * error.
 *
 * @throws {Error} if it cannot be reached at first, or refuses.
 */
export async function showRemote(dashboard: RemoteDashboard, terminal: Terminal): Promise<void> {
  const stop = new AbortController();
  let view: TopView | undefined;
  const open = (canCancel: boolean): TopView =>
    new TopView({
      ...terminal,
      cancel: canCancel ? (pool, id) => dashboard.cancel(pool, id) : undefined,
      left: () => stop.abort(),
    });
  try {
    for (;;) {
      let canCancel = false;
      try {
        for await (const message of dashboard.messages(stop.signal)) {
          if (message.kind === 'welcome') {
            canCancel = message.actions.includes('cancel');
            continue;
          }
          view ??= open(canCancel);
          view.show(message);
        }
        throw new Error('The dashboard has ended the stream');
      } catch (error) {
        if (stop.signal.aborted) return;
        if (view === undefined || terminal.output.isTTY !== true) throw error;
        view.notify(`${messageOf(error)}; trying again`);
      }
      await wait(AGAIN_MS, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
    }
  } finally {
    view?.close();
  }
}
