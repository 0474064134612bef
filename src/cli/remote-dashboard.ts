import { messageOf } from '../errors.js';
import type { TopSnapshot } from '../top/top-pool.js';

/** What a dashboard's stream says: what may be done, and what the pools do. */
export type RemoteMessage =
  | { readonly kind: 'welcome'; readonly actions: readonly string[] }
  | ({ readonly kind: 'snapshot' } & TopSnapshot);

/** Longest message that is read, in characters. */
const LONGEST = 2 ** 24;
/** Ends a message of a stream of server-sent events. */
const END = '\n\n';
const PREFIX = 'data: ';

/** A dashboard that another process serves. */
export class RemoteDashboard {
  readonly #base: URL;
  readonly #token: string | undefined;

  /** @param url where it is mounted. */
  constructor(url: URL, token: string | undefined) {
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    this.#token = token;
  }

  /**
   * Reads what the dashboard sends, until it ends or `signal` aborts.
   *
   * @throws {Error} if there is no such dashboard, it refuses, or the connection breaks.
   */
  async *messages(signal: AbortSignal): AsyncGenerator<RemoteMessage> {
    const response = await this.#fetch('stream', { signal });
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || response.body === null || !type.startsWith('text/event-stream'))
      throw new Error(`Cannot show ${this.#base}: ${await this.#reasonOf(response)}`);
    let text = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.length > LONGEST)
        throw new Error(`Cannot show ${this.#base}: a message is longer than ${LONGEST} characters`);
      for (let end = text.indexOf(END); end >= 0; end = text.indexOf(END)) {
        const message = this.#read(text.slice(0, end));
        text = text.slice(end + END.length);
        if (message !== undefined) yield message;
      }
    }
  }

  /** Asks for a job to be cancelled. Resolves with what came of it, in a few words. */
  async cancel(pool: string, id: number | string): Promise<string> {
    const query = new URLSearchParams({ pool, id: String(id) });
    try {
      const response = await this.#fetch(`cancel?${query}`, { method: 'POST' });
      return response.ok ? `job ${id} will stop` : `job ${id}: ${await this.#reasonOf(response)}`;
    } catch (error) {
      return messageOf(error);
    }
  }

  async #fetch(route: string, init: RequestInit): Promise<Response> {
    const headers = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    try {
      return await fetch(new URL(route, this.#base), { ...init, headers });
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown };
      throw new Error(`Cannot reach ${this.#base}: ${messageOf(cause ?? error)}`, { cause: error });
    }
  }

  /** Why the dashboard refuses: in its own words, if it has any. */
  async #reasonOf(response: Response): Promise<string> {
    if (response.status === 401)
      return this.#token === undefined
        ? 'it wants a token: pass --token, or set THREAD_SYSTEM_TOKEN'
        : 'it refuses the token';
    try {
      const { error } = (await response.json()) as { readonly error?: unknown };
      if (typeof error === 'string') return error;
    } catch {} // not of a dashboard
    return response.ok ? 'there is no dashboard' : `it answers with status ${response.status}`;
  }

  /** Reads an event of the stream; `undefined` if it is of another kind. */
  #read(event: string): RemoteMessage | undefined {
    const lines = event.split('\n').filter((line) => line.startsWith(PREFIX));
    if (lines.length === 0) return undefined; // a comment
    const message = JSON.parse(lines.map((line) => line.slice(PREFIX.length)).join('\n')) as RemoteMessage;
    return message.kind === 'welcome' || message.kind === 'snapshot' ? message : undefined;
  }
}
