import type { DashboardMessage } from '../messages.js';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const KEY = 'thread-system-token';

export type ConnectionState = 'connecting' | 'live' | 'lost' | 'needs token' | 'token refused' | 'not allowed';

export interface ConnectionEvents {
  message(message: DashboardMessage): void;
  changed(state: ConnectionState): void;
}

/** Reads the stream of the dashboard, and again whenever it ends. Uses `fetch`, as an `EventSource` cannot send a token. */
export class Connection {
  readonly #events: ConnectionEvents;
  readonly #needsToken: boolean;
  #token = sessionStorage.getItem(KEY) ?? undefined;
  #waitMs = FIRST_WAIT_MS;

  constructor(events: ConnectionEvents, { needsToken }: { readonly needsToken: boolean }) {
    this.#events = events;
    this.#needsToken = needsToken;
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#needsToken && this.#token === undefined) return this.#events.changed('needs token');
      const end = await this.#read().catch(() => 'lost' as const);
      this.#events.changed(end);
      if (end === 'token refused' || end === 'not allowed') return;
      await new Promise((resolve) => setTimeout(resolve, this.#waitMs));
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    }
  }

  /** Starts again with another token. */
  withToken(token: string): void {
    this.#token = token;
    sessionStorage.setItem(KEY, token);
    void this.run();
  }

  /** Asks the server for an action. @throws {Error} that says why it was refused. */
  async post(route: string, query: Readonly<Record<string, string | number>>): Promise<Response> {
    const given = Object.entries(query).map(([name, value]) => [name, String(value)]);
    const response = await fetch(`${route}?${new URLSearchParams(given)}`, { method: 'POST', headers: this.#headers });
    if (response.ok) return response;
    const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
    throw new Error(error ?? `The server answered ${response.status}`);
  }

  get #headers(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  /** Reads until the stream ends. Returns why it could not be read, or that it was lost. */
  async #read(): Promise<'lost' | 'token refused' | 'not allowed'> {
    this.#events.changed('connecting');
    const { status, ok, body } = await fetch('stream', { headers: this.#headers, cache: 'no-store' });
    if (status === 401) {
      this.#token = undefined;
      sessionStorage.removeItem(KEY);
      return 'token refused';
    }
    if (status === 403) return 'not allowed';
    if (!ok || body === null) return 'lost';
    this.#events.changed('live');
    this.#waitMs = FIRST_WAIT_MS;
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'lost';
      const parts = (text + value).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) if (part.startsWith('data: ')) this.#events.message(JSON.parse(part.slice(6)));
    }
  }
}
