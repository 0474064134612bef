import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { ThreadPool } from 'thread-system';
import { dashboard } from 'thread-system/dashboard';
import { poolIn, Served, snapshotWhere } from './served.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Express = RequestListener & { use(path: string, handler: unknown): void };

const express = createRequire(import.meta.url)('express') as (() => Express) & { json(): unknown };

/** Ways to mount a handler at `/jobs`, beside a body parser. */
const FRAMEWORKS: readonly (readonly [name: string, serve: (handler: Handler) => Promise<Served>])[] = [
  ['node:http', (handler) => Served.at(handler)],
  [
    'express',
    (handler) => {
      const app = express();
      app.use('/', express.json());
      app.use('/jobs', handler);
      return Served.at(app);
    },
  ],
  [
    'fastify',
    async (handler) => {
      const app = Fastify({ forceCloseConnections: true });
      for (const path of ['/jobs', '/jobs/*'])
        app.all(path, (request, reply) => {
          reply.hijack();
          handler(request.raw, reply.raw);
        });
      await app.ready();
      return Served.of(app.server);
    },
  ],
  [
    'hono',
    (handler) => {
      const app = new Hono<{ Bindings: HttpBindings }>();
      for (const path of ['/jobs', '/jobs/*'])
        app.all(path, ({ env: { incoming, outgoing } }) => {
          handler(incoming, outgoing as ServerResponse);
          return RESPONSE_ALREADY_SENT;
        });
      return Served.of(createServer(getRequestListener(app.fetch)));
    },
  ],
];

describe.each(FRAMEWORKS)('mounted in %s', (_name, serve) => {
  let pool: ThreadPool;
  let served: Served;
  beforeAll(async () => {
    pool = new ThreadPool({ maxWorkers: 1 });
    served = await serve(dashboard({ main: pool }, { token: 's3cret', actions: ['cancel'], everyMs: 20 }));
  });
  afterAll(async () => {
    await served[Symbol.asyncDispose]();
    await pool.shutdown();
  });
  const headers = { authorization: 'Bearer s3cret' };

  test('the page is where its relative addresses work', async () => {
    const redirect = await fetch(`${served.url}/jobs`, { headers, redirect: 'manual' });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, 'jobs/']);
    const page = await fetch(`${served.url}/jobs`, { headers });
    expect([page.status, page.url]).toEqual([200, `${served.url}/jobs/`]);
    expect(await page.text()).toMatch(/^<!doctype html>/);
  });

  test('the stream goes on', async () => {
    const first = await snapshotWhere(`${served.url}/jobs/stream`, () => true, headers);
    await pool.submit((x: number) => x, [1]);
    const next = await snapshotWhere(
      `${served.url}/jobs/stream`,
      ({ at, pools }) => at > first.at && pools[0]?.completed === 1,
      headers,
    );
    expect(poolIn(next).state).toBe('open');
  });

  test('an action is done, and what is wrong is refused', async () => {
    pool.pause();
    const job = pool.submit((x: number) => x, [1]);
    job.catch(() => {});
    const ask = async (method: string, path: string, more: Record<string, string> = headers): Promise<number> => {
      const response = await fetch(`${served.url}/jobs/${path}`, { method, headers: more });
      await response.text();
      return response.status;
    };
    const cancel = `cancel?pool=main&id=${job.id}`;
    expect(await ask('POST', cancel, {})).toBe(401);
    expect(await ask('POST', cancel, { ...headers, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await ask('POST', 'pause?pool=main')).toBe(403);
    expect(await ask('GET', 'nothing')).toBe(404);
    expect(await ask('GET', cancel)).toBe(405);
    expect(await ask('POST', cancel)).toBe(204);
    expect(job.state).toBe('CANCELLED');
    pool.resume();
  });
});
