import type { IncomingMessage, ServerResponse } from 'node:http';
import { VERSION } from '../base/version.js';
import { emitWarning } from '../base/warn.js';
import { messageOf, stackIfAny } from '../errors.js';
import { Gatekeeper, isForeignRequest } from './access.js';
import { act, NEEDED } from './actions.js';
import type { DashboardSettings } from './dashboard-options.js';
import type { DashboardSnapshot, DashboardWelcome } from './messages.js';
import { Page } from './page.js';
import type { Reader } from './reader.js';
import { record, recordingsFor } from './recordings.js';
import { Refusal, refuse, reply, replyJson } from './replies.js';
import { type Route, routeOf } from './routes.js';
import { Viewers } from './viewers.js';

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse };

/** Serves the requests of a dashboard. */
export class DashboardServer {
  readonly #settings: DashboardSettings;
  readonly #readers: readonly Reader[];
  readonly #gate: Gatekeeper;
  readonly #viewers: Viewers;
  #page: Page | undefined;
  #last: DashboardSnapshot | undefined;
  #isClosed = false;

  constructor(readers: readonly Reader[], settings: DashboardSettings) {
    this.#readers = readers;
    this.#settings = settings;
    this.#gate = new Gatekeeper(settings);
    this.#viewers = new Viewers({
      everyMs: settings.everyMs,
      welcome: () => [this.#welcome(), this.#current()],
      snapshot: () => this.#next(),
      sample: () => {
        for (const reader of this.#readers) reader.sample();
      },
      rest: () => {
        for (const reader of this.#readers) reader.rest();
      },
    });
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#serve({ request, response });
    } catch (error) {
      if (response.headersSent) response.destroy();
      else if (error instanceof Refusal) refuse(response, error);
      else refuse(response, new Refusal(500, 'The dashboard has failed'));
      if (error instanceof Refusal) return;
      emitWarning(`A dashboard could not answer a request: ${messageOf(error)}`, {
        type: 'ThreadSystemWarning',
        detail: stackIfAny(error),
      });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#viewers.close();
    for (const reader of this.#readers) reader.close();
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    if (this.#isClosed) throw new Refusal(503, 'The dashboard is closed');
    const { route, query } = routeOf(request);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    // before access is checked: the page asks for the token, and must do so where its own addresses lead
    if (route.kind === 'redirect' && isRead) {
      reply(response, 308, { location: route.location });
      return;
    }
    const access = await this.#gate.check(request);
    if (access !== 'allowed') {
      this.#turnAway(access, route, response);
      return;
    }
    if (!isRead && isForeignRequest(request)) throw new Refusal(403, 'The request comes from a page of another origin');
    if (route.kind === 'unknown') throw new Refusal(404, 'There is no such page');
    const allowed = route.kind === 'action' || route.kind === 'recording' ? 'POST' : 'GET, HEAD';
    if (!(allowed === 'POST' ? request.method === 'POST' : isRead)) {
      refuse(response, new Refusal(405, `The method must be ${allowed}`), { allow: allowed });
      return;
    }
    await this.#respond(route, query, exchange);
  }

  async #respond(route: Route, query: URLSearchParams, { request, response }: Exchange): Promise<void> {
    switch (route.kind) {
      case 'page':
        this.#sendPage(200, response);
        break;
      case 'stream':
        if (request.method === 'HEAD') reply(response, 200, { 'content-type': 'text/event-stream; charset=utf-8' });
        else this.#viewers.add(response);
        break;
      case 'snapshot':
        replyJson(response, this.#current());
        break;
      case 'action':
        if (!this.#settings.actions.includes(NEEDED[route.name]))
          throw new Refusal(403, `The dashboard does not allow the action '${NEEDED[route.name]}'`);
        await act(route.name, this.#readerOf(query), query);
        reply(response, 204);
        break;
      case 'recording':
        if (!recordingsFor(this.#gate.isProtected).includes(route.name))
          throw new Refusal(
            403,
            `The dashboard does not allow the recording '${route.name}': it needs token or authorize`,
          );
        await record(route.name, this.#readerOf(query), { query, response });
        break;
    }
  }

  #turnAway(access: 401 | 403 | 500, route: Route, response: ServerResponse): void {
    const challenge = access === 401 ? { 'www-authenticate': 'Bearer' } : {};
    if (access === 401 && route.kind === 'page') {
      this.#sendPage(401, response, challenge);
      return;
    }
    const messages = {
      401: 'The request needs the token of the dashboard',
      403: 'The request is not allowed',
      500: 'Whether the request is allowed could not be found out',
    };
    refuse(response, new Refusal(access, messages[access]), challenge);
  }

  #sendPage(status: 200 | 401, response: ServerResponse, headers?: Readonly<Record<string, string>>): void {
    this.#page ??= new Page(this.#gate);
    this.#page.send(response, status, headers);
  }

  #readerOf(query: URLSearchParams): Reader {
    const name = query.get('pool') ?? '';
    const reader = this.#readers.find((each) => each.name === name);
    if (reader === undefined) throw new Refusal(404, `There is no pool '${name}'`);
    return reader;
  }

  #welcome(): DashboardWelcome {
    const { everyMs, actions } = this.#settings;
    return {
      kind: 'welcome',
      version: VERSION,
      everyMs,
      actions,
      recordings: recordingsFor(this.#gate.isProtected),
      history: this.#readers.map(({ name, history }) => ({ pool: name, points: history })),
    };
  }

  /** Makes a snapshot, with the failures only if there are new ones. */
  #next(): DashboardSnapshot {
    this.#last = { kind: 'snapshot', at: Date.now(), pools: this.#readers.map((reader) => reader.read()) };
    return this.#last;
  }

  /**
   * The last snapshot, unless it is old, with all failures. A new one would shorten the intervals of viewers that came before.
   */
  #current(): DashboardSnapshot {
    const { everyMs } = this.#settings;
    const isFresh = this.#last !== undefined && Date.now() - this.#last.at < everyMs;
    const { at, pools } = isFresh && this.#last !== undefined ? this.#last : this.#next();
    const rows = pools.map((pool, index) => ({ ...pool, failures: this.#readers[index]?.failures.rows ?? [] }));
    return { kind: 'snapshot', at, pools: rows };
  }
}
