import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CancellationToken, ThreadPool } from 'thread-system';
import { dashboard } from 'thread-system/dashboard';

export interface ServedDashboard {
  /** Serves it until `stop` is cancelled. */
  close(stop: CancellationToken): Promise<void>;
}

/** Serves a page that shows the pool, to this machine alone. */
export async function serveDashboard(pool: ThreadPool): Promise<ServedDashboard> {
  const handler = dashboard({ files: pool });
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  console.log(`Dashboard: ${url}`);
  return {
    async close(stop) {
      if (!stop.isCancelled) console.log(`\nDone. The dashboard is at ${url} until Ctrl-C`);
      await new Promise((resolve) => stop.onCancel(resolve));
      handler.close();
      server.close();
    },
  };
}
