import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { dashboard } from 'thread-system/dashboard';
import { runProgram } from '../support/program.ts';
import { Served } from './served.ts';

let pool: ThreadPool;
beforeAll(() => {
  pool = new ThreadPool({ maxWorkers: 1 });
});
afterAll(() => pool.shutdown());

const BEARER = { authorization: 'Bearer s3cret' };

describe('a dashboard that everybody may see', () => {
  let served: Served;
  beforeAll(async () => {
    served = await Served.at(dashboard({ main: pool }));
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test('is one page, whose policy lets it ask its own server alone', async () => {
    const response = await fetch(`${served.url}/`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(rule);
    expect(policy).toMatch(/script-src 'sha256-[^']+'/);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:|#)/);
    expect(html).not.toMatch(/@import|url\(["']?https?:/);
  });

  test('is redirected to where relative addresses work', async () => {
    const response = await fetch(`${served.url}/jobs`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([308, 'jobs/']);
    expect((await fetch(`${served.url}/jobs`)).status).toBe(200);
  });

  test.each([
    ['GET', '/jobs/nothing', 404, null],
    ['GET', '/favicon.ico', 404, null],
    ['POST', '/jobs/nothing', 404, null],
    ['POST', '/jobs/', 405, 'GET, HEAD'],
    ['POST', '/jobs/stream', 405, 'GET, HEAD'],
    ['DELETE', '/jobs/snapshot', 405, 'GET, HEAD'],
    ['GET', '/jobs/cancel?pool=main&id=1', 405, 'POST'],
    ['GET', '/jobs/profile?pool=main', 405, 'POST'],
    ['POST', '/jobs/cancel?pool=main&id=1', 403, null],
    ['POST', '/jobs/heap?pool=main&worker=0', 403, null],
    ['POST', '/jobs/profile?pool=other', 404, null],
    ['POST', '/jobs/profile?pool=main&ms=-1', 400, null],
    ['POST', '/jobs/profile?pool=main&ms=forever', 400, null],
    ['HEAD', '/jobs/', 200, null],
    ['HEAD', '/jobs/stream', 200, null],
  ])('%s %s is answered with %d', async (method, path, status, allow) => {
    const response = await fetch(`${served.url}${path}`, { method });
    await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get('allow')).toBe(allow);
  });

  test('answers with JSON why not', async () => {
    const response = await fetch(`${served.url}/jobs/cancel?pool=main&id=1`, { method: 'POST' });
    expect(await response.json()).toEqual({ error: "The dashboard does not allow the action 'cancel'" });
  });

  test('records a profile for somebody of its own origin alone', async () => {
    const send = (headers: Record<string, string>) =>
      fetch(`${served.url}/jobs/profile?pool=main&ms=5`, { method: 'POST', headers });
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
      { origin: 'http://evil.example' },
    ])
      expect((await send(headers)).status).toBe(403);
    const response = await send({ origin: served.url });
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="main.cpuprofile"');
    expect(Object.keys((await response.json()) as object)).toEqual(
      expect.arrayContaining(['nodes', 'samples', 'timeDeltas']),
    );
  });

  test('records a trace', async () => {
    const response = await fetch(`${served.url}/jobs/trace?pool=main&ms=5`, { method: 'POST' });
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="main.trace.json"');
    expect(((await response.json()) as { readonly traceEvents: unknown[] }).traceEvents.length).toBeGreaterThan(0);
  });
});

describe('a dashboard with a token', () => {
  let served: Served;
  beforeAll(async () => {
    served = await Served.at(dashboard({ main: pool }, { token: 's3cret', actions: ['cancel'] }));
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test.each(['', 'stream', 'snapshot', 'nothing'])('refuses /jobs/%s without it', async (route) => {
    for (const authorization of ['', 'Bearer', 'Bearer s3cre', 'Bearer s3cret2', 'Basic s3cret', 's3cret']) {
      const response = await fetch(`${served.url}/jobs/${route}`, {
        headers: authorization === '' ? {} : { authorization },
      });
      await response.text();
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  });

  test('has the page ask for it', async () => {
    const html = await (await fetch(`${served.url}/jobs/`)).text();
    expect(html).toContain('name="needs-token" content="true"');
    expect(html).not.toContain('s3cret');
  });

  test('answers with it', async () => {
    for (const authorization of ['Bearer s3cret', 'bearer s3cret'])
      expect((await fetch(`${served.url}/jobs/snapshot`, { headers: { authorization } })).status).toBe(200);
    expect((await fetch(`${served.url}/jobs/nothing`, { headers: BEARER })).status).toBe(404);
  });

  test('lets only those act that have it, and no page of another origin', async () => {
    pool.pause();
    const job = pool.submit(() => {});
    job.catch(() => {});
    const send = (headers: Record<string, string>) =>
      fetch(`${served.url}/jobs/cancel?pool=main&id=${job.id}`, { method: 'POST', headers });
    expect((await send({})).status).toBe(401);
    expect((await send({ ...BEARER, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await send({ ...BEARER, origin: 'https://evil.example' })).status).toBe(403);
    expect(job.state).toBe('PENDING');
    expect((await send({ ...BEARER, 'sec-fetch-site': 'same-origin', origin: served.url })).status).toBe(204);
    expect(job.state).toBe('CANCELLED');
    pool.resume();
  });
});

describe('a dashboard with authorize', () => {
  test.each<[string, () => boolean | Promise<boolean>, number]>([
    ['true', () => true, 200],
    ['a promise of true', async () => true, 200],
    ['false', () => false, 403],
    ['a promise of false', async () => false, 403],
    ['something else', () => 'yes' as never, 403],
  ])('asks it: %s', async (_name, authorize, status) => {
    await using served = await Served.at(dashboard({ main: pool }, { authorize }));
    for (const route of ['', 'snapshot']) {
      const response = await fetch(`${served.url}/${route}`);
      await response.text();
      expect(response.status).toBe(status);
    }
  });

  test('is given the request', async () => {
    const authorize = ({ headers }: { readonly headers: Record<string, unknown> }): boolean =>
      headers['x-role'] === 'admin';
    await using served = await Served.at(dashboard({ main: pool }, { authorize: authorize as never }));
    expect((await fetch(`${served.url}/snapshot`)).status).toBe(403);
    expect((await fetch(`${served.url}/snapshot`, { headers: { 'x-role': 'admin' } })).status).toBe(200);
  });

  test('allows nothing if it throws, and says so in a warning', async () => {
    const { stdout, stderr } = await runProgram(`
      import { createServer } from 'node:http';
      import { ThreadPool } from 'thread-system';
      import { dashboard } from 'thread-system/dashboard';
      const authorize = () => Promise.reject(new Error('no database'));
      const handler = dashboard({ main: new ThreadPool() }, { authorize });
      const server = createServer(handler).listen(0, '127.0.0.1', async () => {
        const { status } = await fetch('http://127.0.0.1:' + server.address().port + '/snapshot');
        console.log(status);
        server.close();
        server.closeAllConnections();
      });`);
    expect(stdout).toBe('500\n');
    expect(stderr).toContain('ThreadSystemWarning: authorize of a dashboard threw: no database');
  });
});

test('a dashboard that is closed answers no more, and its pools go on', async () => {
  const handler = dashboard({ main: pool });
  await using served = await Served.at(handler);
  const stream = await fetch(`${served.url}/stream`);
  handler.close();
  await stream.text(); // ends
  expect((await fetch(`${served.url}/`)).status).toBe(503);
  expect(await pool.submit((x: number) => x, [1])).toBe(1);
});
