import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DashboardMessage, DashboardSnapshot, PoolSnapshot } from 'thread-system/dashboard';

/** A server on a free port of 127.0.0.1. */
export class Served implements AsyncDisposable {
  readonly server: Server;
  readonly url: string;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async at(listener: RequestListener): Promise<Served> {
    return Served.of(createServer(listener));
  }

  static async of(server: Server): Promise<Served> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Served(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

/** Reads the messages of a stream; ends it when the loop is left. */
export async function* messagesOf(url: string, headers: Record<string, string> = {}): AsyncGenerator<DashboardMessage> {
  const abort = new AbortController();
  try {
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status !== 200 || response.body === null) throw new Error(`the stream has status ${response.status}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) yield JSON.parse(part.replace(/^data: /, '')) as DashboardMessage;
    }
  } finally {
    abort.abort();
  }
}

/** The first snapshot of a stream for which `isWanted` says so. */
export async function snapshotWhere(
  url: string,
  isWanted: (snapshot: DashboardSnapshot) => boolean,
  headers?: Record<string, string>,
): Promise<DashboardSnapshot> {
  for await (const message of messagesOf(url, headers))
    if (message.kind === 'snapshot' && isWanted(message)) return message;
  throw new Error('the stream has ended');
}

export function poolIn({ pools }: DashboardSnapshot, name = 'main'): PoolSnapshot {
  const pool = pools.find((each) => each.name === name);
  if (pool === undefined) throw new Error(`there is no pool ${name}`);
  return pool;
}
