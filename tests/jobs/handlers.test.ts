// Web frameworks await what a handler returns, each in its own way: a Job is not a native promise.
import 'reflect-metadata';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { type Job, ThreadPool } from 'thread-system';
import { Served } from '../dashboard/served.ts';

type Ask = (n: number) => Job<{ square: number }>;
interface Request {
  readonly query: { readonly n: string };
}
interface Response {
  json(value: unknown): unknown;
}
type Express = RequestListener & {
  get(path: string, handler: (request: Request, response: Response) => unknown): void;
};

const express = createRequire(import.meta.url)('express') as () => Express;

/** Servers with a handler of `/square`, as docs/services.md says to write it. */
const FRAMEWORKS: Readonly<Record<string, (ask: Ask) => Promise<Served>>> = {
  async fastify(ask) {
    const app = Fastify({ forceCloseConnections: true });
    app.get<{ Querystring: { n: string } }>('/square', (request) => ask(Number(request.query.n)));
    await app.ready();
    return Served.of(app.server);
  },
  async nest(ask) {
    // what decorators make of a class: `@Controller() class Squares { @Get('square') square(@Query('n') n: string) { … } }`
    class Squares {
      square(n: string): Job<{ square: number }> {
        return ask(Number(n));
      }
    }
    const square = Object.getOwnPropertyDescriptor(Squares.prototype, 'square');
    Query('n')(Squares.prototype, 'square', 0);
    Get('square')(Squares.prototype, 'square', square as PropertyDescriptor);
    Controller()(Squares);
    class App {}
    Module({ controllers: [Squares] })(App);
    const app = await NestFactory.create(App, new ExpressAdapter(), { logger: false });
    await app.init();
    return Served.of(app.getHttpServer());
  },
  'hono, returning what `then` does'(ask) {
    const app = new Hono().onError(({ message }, c) => c.json({ message }, 500));
    app.get('/square', (c) => ask(Number(c.req.query('n'))).then((result) => c.json(result)));
    return Served.of(createServer(getRequestListener(app.fetch)));
  },
  'hono, async'(ask) {
    const app = new Hono().onError(({ message }, c) => c.json({ message }, 500));
    app.get('/square', async (c) => c.json(await ask(Number(c.req.query('n')))));
    return Served.of(createServer(getRequestListener(app.fetch)));
  },
  'express, async'(ask) {
    const app = express();
    app.get('/square', async ({ query }, response) => response.json(await ask(Number(query.n))));
    return Served.at(app);
  },
  'express, returning what `then` does'(ask) {
    const app = express();
    app.get('/square', ({ query }, response) => ask(Number(query.n)).then((result) => response.json(result)));
    return Served.at(app);
  },
};

/** What is answered if a task throws an error with the `statusCode` 422. */
function refused(name: string): readonly [status: number, body: unknown] {
  if (name === 'nest') return [500, expect.stringContaining('Internal server error')];
  return [name.startsWith('hono') ? 500 : 422, expect.stringContaining('n must not be negative')];
}

describe.each(['thread', 'process', 'inline'] as const)('with a pool of kind %s', (kind) => {
  let pool: ThreadPool;
  beforeAll(() => {
    pool = new ThreadPool({ kind, maxWorkers: 1 });
  });
  afterAll(() => pool.shutdown());
  const ask: Ask = (n) =>
    pool.submit(
      (x: number) => {
        if (x < 0) throw Object.assign(new RangeError('n must not be negative'), { statusCode: 422 });
        return { square: x * x };
      },
      [n],
    );

  test.each(Object.entries(FRAMEWORKS))('a handler of %s answers with the result of a job', async (name, serve) => {
    await using served = await serve(ask);
    const good = await fetch(`${served.url}/square?n=7`);
    expect([good.status, await good.json()]).toEqual([200, { square: 49 }]);
    const bad = await fetch(`${served.url}/square?n=-1`);
    expect([bad.status, await bad.text()]).toEqual(refused(name));
    const after = await fetch(`${served.url}/square?n=8`);
    expect([after.status, await after.json()]).toEqual([200, { square: 64 }]);
  });
});
