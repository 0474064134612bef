import type { ServerResponse } from 'node:http';
import { outsideRequests } from '../base/async-context.js';
import { clearInterval, setInterval } from '../base/clock.js';
import type { DashboardMessage } from './messages.js';

/** How often running jobs are sampled between two snapshots. */
const SAMPLE_MS = 100;
/** How long a viewer may read nothing before its stream is ended. */
const STALLED_MS = 60_000;

export interface ViewersDeps {
  readonly everyMs: number;
  /** Returns the first message for a new viewer. */
  welcome(): readonly DashboardMessage[];
  snapshot(): DashboardMessage;
  /** Called between snapshots. */
  sample(): void;
  /** The last viewer has left. */
  rest(): void;
}

interface Viewer {
  readonly response: ServerResponse;
  /** Since when the viewer has not read what it was sent; `undefined` if it has. */
  stalledSinceMs: number | undefined;
}

/**
 * The readers of the stream. One snapshot is made for all of them, and none while there are none. A slow viewer misses
 * snapshots: nothing is kept for it. No viewer keeps the process alive.
 */
export class Viewers {
  readonly #deps: ViewersDeps;
  readonly #viewers = new Set<Viewer>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(deps: ViewersDeps) {
    this.#deps = deps;
  }

  add(response: ServerResponse): void {
    const viewer: Viewer = { response, stalledSinceMs: undefined };
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    response.socket?.unref();
    response.on('close', () => this.#remove(viewer));
    response.on('error', () => this.#remove(viewer)); // the viewer has gone while it was written to
    this.#viewers.add(viewer);
    for (const message of this.#deps.welcome()) response.write(textOf(message));
    if (this.#viewers.size === 1) this.#begin();
  }

  /** Ends all streams. */
  close(): void {
    for (const viewer of [...this.#viewers]) {
      this.#remove(viewer);
      viewer.response.end();
    }
  }

  #remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#deps.rest();
  }

  #begin(): void {
    const { everyMs } = this.#deps;
    this.#every(everyMs, () => this.#send());
    if (everyMs > SAMPLE_MS) this.#every(SAMPLE_MS, () => this.#deps.sample());
  }

  #every(ms: number, fn: () => void): void {
    // not in the context of the request that happened to be the first
    this.#timers.push(outsideRequests(setInterval, fn, ms).unref());
  }

  #send(): void {
    const text = textOf(this.#deps.snapshot());
    const nowMs = Date.now();
    for (const viewer of [...this.#viewers]) {
      const { response } = viewer;
      if (response.writableLength === 0) {
        viewer.stalledSinceMs = undefined;
        response.write(text);
        continue;
      }
      viewer.stalledSinceMs ??= nowMs;
      if (nowMs - viewer.stalledSinceMs > STALLED_MS) response.destroy();
    }
  }
}

/** A message of a stream of server-sent events. */
function textOf(message: DashboardMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}
